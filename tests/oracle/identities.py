"""Which facts are shared between ids, and which count on the id itself (SPEC 9)."""

from tests.oracle.policy import days

TRUSTED = ["authenticated", "declared"]
TAKES_BACK = ["refund", "whole_refund", "reinstated"]
KEPT_STATEMENTS = 200

EVERYTHING, REFUSALS, NOTHING = "everything", "refusals", "nothing"


# --- statements about one leaf -------------------------------------------------------------------


def kept_statements(statements):
    """One for each `event_id`; the links that stand, and the newest of the others."""
    winners = {}
    for each in statements:
        other = winners.get(each["event_id"])
        if other is None or (each["ts"], str(each)) > (other["ts"], str(other)):
            winners[each["event_id"]] = each
    links, others = [], []
    for each in winners.values():
        is_link = each["action"] == "linked" and not is_void(each, winners.values())
        (links if is_link else others).append(each)
    others.sort(key=place)
    return links + others[-KEPT_STATEMENTS:]


def place(statement):
    return (statement["ts"], statement["event_id"])


def is_void(statement, statements):
    return any(
        other["action"] == "unlinked"
        and other["person_id"] == statement["person_id"]
        and other["ts"] >= statement["ts"]
        for other in statements
    )


def standing(statements):
    """The statements that name a hub and are not void, in their order."""
    return sorted(
        (
            each
            for each in statements
            if each["action"] in ("signed_in", "linked") and not is_void(each, statements)
        ),
        key=place,
    )


def hubs_of(statements):
    return {each["person_id"] for each in standing(statements)}


def is_kiosk(statements, policy):
    return len(hubs_of(statements)) > policy["identity"]["max_persons"]


def sessions_on(statements):
    """The sessions in their order; `end` is None while one lasts."""
    signed_in = [each for each in standing(statements) if each["action"] == "signed_in"]
    signed_out = [each for each in statements if each["action"] == "signed_out"]
    sessions = []
    for each in sorted(signed_in + signed_out, key=place):
        lasting = sessions[-1] if sessions and sessions[-1]["end"] is None else None
        if each["action"] == "signed_in" and lasting and lasting["hub"] == each["person_id"]:
            continue
        if lasting:
            lasting["end"] = each["ts"]
        if each["action"] == "signed_in":
            session = {"hub": each["person_id"], "begin": each["ts"], "end": None}
            sessions.append({**session, "trusted": each["method"] in TRUSTED})
    return sessions


def links_to(hub, statements):
    """Whether each `linked` with the hub is a trusted one."""
    return trust_in(hub, [each for each in standing(statements) if each["action"] == "linked"])


def trust_in(hub, statements):
    """Whether each of the statements about the hub is a trusted one."""
    return [each["method"] in TRUSTED for each in statements if each["person_id"] == hub]


# --- facts ---------------------------------------------------------------------------------------


def is_refusal(fact):
    if fact["kind"] == "dismissed":
        return fact["reason"] == "opt_out_all"
    is_consent = fact["kind"] == "preference" and fact["field"] == "personalised_ads"
    return is_consent and fact["answer"] == "denied"


def is_shareable(fact, own, policy):
    """Gifts never are, impressions only where the policy says so."""
    if fact["kind"] == "impression":
        return policy["identity"]["impressions"]
    if fact["kind"] in ("line", "first_completion"):
        return not line_of(fact, own)["gift"]
    return True


def line_of(fact, own):
    """The line itself or the one that this is the first event of."""
    return next(each for each in own if each["kind"] == "line" and each["id"][1:] == fact["id"][1:])


def time_of(fact, own):
    """When it happened: a line when it was bought."""
    if fact["kind"] == "line":
        [first] = [
            each
            for each in own
            if each["kind"] == "first_completion" and each["id"][1:] == fact["id"][1:]
        ]
        return first["ts"]
    return fact["ts"]


def session_at(time, sessions):
    for each in sessions:
        if each["begin"] <= time and (each["end"] is None or time < each["end"]):
            return each
    return None


# --- up, down, and on the leaf itself ------------------------------------------------------------


def goes_up(fact, own, hub, statements, policy):
    """Does the leaf, of whom all this is known, share this fact of its own with the hub?"""
    if is_kiosk(statements, policy) or not is_shareable(fact, own, policy):
        return False
    sessions = sessions_on(statements)
    ways = links_to(hub, statements)
    if fact["kind"] in TAKES_BACK:
        ways += trust_in(hub, standing(statements))
    carrying = sessions_that_carry(time_of(fact, own), sessions, policy)
    if carrying and all(each["hub"] == hub for each in carrying):
        ways.append(all(each["trusted"] for each in carrying))
    return any(ways) or (bool(ways) and is_refusal(fact))


def sessions_that_carry(time, sessions, policy):
    """The session of that time; outside of any the one before and the next, or the first one."""
    within = session_at(time, sessions)
    if within:
        return [within]
    before = [each for each in sessions if each["begin"] <= time]
    after = [each for each in sessions if each["begin"] > time]
    if before and after:
        return [before[-1], after[0]]
    if after and after[0]["begin"] - time <= days(policy["identity"]["lookback_days"]):
        return [after[0]]
    return []


def level_down(hub, statements, policy):
    """What the leaf, about whom these are the statements, may have of the hub."""
    if is_kiosk(statements, policy):
        return NOTHING
    sessions = sessions_on(statements)
    of_hub = [each for each in sessions if each["hub"] == hub]
    ways = links_to(hub, statements)
    if of_hub:
        ways.append(False)
        if sessions[-1]["hub"] == hub and sessions[-1]["end"] is None:
            ways.append(sessions[-1]["trusted"])
        if len(of_hub) == len(sessions):
            ways.append(all(each["trusted"] for each in of_hub))
    if not ways:
        return NOTHING
    return EVERYTHING if any(ways) else REFUSALS


def counts_here(fact, own, statements, policy):
    """Does a fact that was reported of the id itself count on it?"""
    sessions = sessions_on(statements)
    session = session_at(time_of(fact, own), sessions)
    if session is None or fact["kind"] in TAKES_BACK:
        return True
    if is_kiosk(statements, policy):
        level = REFUSALS
        if session["trusted"]:
            level = EVERYTHING
        if session["end"] is not None:
            level = NOTHING
    else:
        level = level_down(session["hub"], statements, policy)
    return passes(fact, level)


def passes(fact, level):
    return level == EVERYTHING or (level == REFUSALS and is_refusal(fact))


def leaves_of(hub, statements_of, policy):
    """The leaves that a hub keeps: those of the newest statements about the two that stand."""
    newest = {}
    for leaf, statements in statements_of.items():
        stated = [place(each) for each in standing(statements) if each["person_id"] == hub]
        if stated and not is_kiosk(statements, policy):
            newest[leaf] = max(stated)
    by_age = sorted(newest, key=lambda leaf: (newest[leaf], leaf), reverse=True)
    return by_age[: policy["identity"]["max_ids"]]
