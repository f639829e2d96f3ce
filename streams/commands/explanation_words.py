"""An explanation in words: what `streams.suppression.explanation` says, as people read it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from streams.commands.fact_words import (
    fact_in_words,
    known_in_words,
    number_in_words,
    price_in_words,
    target_in_words,
)
from streams.commands.times import utc
from streams.suppression.words import DAY
from streams.wording import counted

Json = Mapping[str, Any]
Line = tuple[int, str]
"""A line and how deep it is indented."""

LEADS: Final = {"stands": "Also", "lifted": "Lifted", "not_begun": "Not yet", "ended": "Over"}

VERDICTS: Final = {
    "suppressed": "{product} is not shown to {person}",
    "allowed": "{product} may be shown to {person}",
    "ghosted": "{product} is shown to {person}, who is in the holdout, in spite of what follows",
}

HOW_MUCH: Final = {
    "everything": "everything counts",
    "refusals": "only refusals count",
    "nothing": "nothing counts",
}
WHY_IT_COUNTS: Final = {
    "linked": "because they are linked, until they are unlinked",
    "alone": "because nobody else has ever signed in, until somebody does",
    "signed_in": "because of the sign-in, until a sign-out or somebody else's sign-in",
    "was_signed_in": "because of a sign-in that is over or hardly trusted, until that is taken "
    "back",
    "no_room": "because there are identity.max_ids newer ids, until there is room or more is "
    "stated of this one",
}
"""Why something that is shared counts, and what ends that."""

COVERED: Final = {
    "product": "the product {}",
    "group": "{} with all its variants",
    "category": "the category {}",
    "brand": "the brand {}",
    "advertiser": "the advertiser {}",
    "all": "everything",
}


def explanation_in_words(explanation: Json) -> Iterator[Line]:
    """Why the candidates of a request are shown or not."""
    asked = explanation["request"]
    named = f", in request {asked['request_id']}" if asked["request_id"] else ""
    site = " on the advertiser's own site" if asked["own_site"] else ""
    when = f'at {utc(explanation["at"])}{named}{site}, by policy "{explanation["policy"]}"'
    for number, candidate in enumerate(explanation["candidates"]):
        if number:
            yield 0, ""
        names = {"product": candidate["product_id"], "person": explanation["user_id"]}
        yield 0, f"{VERDICTS[candidate['verdict']].format(**names)} ({when})."
        yield from _candidate(candidate)
    if explanation["preferences"]:
        yield 0, ""
    for preference in explanation["preferences"]:
        yield 0, sentence(fact_in_words(preference))


def held_in_words(held: Json) -> Iterator[Line]:
    """All that is held about a person."""
    person, policy = held["user_id"], held["policy"]
    if not held["evidence"]:
        nothing = "Nothing that counts" if "links" in held else "Nothing"
        yield 0, f"{nothing} is held about {person} at {utc(held['at'])}."
    else:
        yield 0, f'Held about {person} at {utc(held["at"])}, read by policy "{policy}".'
        yield from _evidence(held)
    if "links" in held:
        yield from _links(held["links"])
    yield from _claims(held)
    if held["list"] is not None:
        yield from _list(held["list"])
    elif held["evidence"]:
        yield from ((0, ""), (0, "The list for ad servers has ended, or never began."))
    if held["in_holdout"]:
        yield 0, ""
        yield 0, f"{person} is in the holdout: what the policy names for it does not count."


def sentence(text: str) -> str:
    """A text with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _candidate(candidate: Json) -> Iterator[Line]:
    known = known_in_words(candidate["known"])
    if "alias_of" in candidate:
        yield 1, f"In the catalog it is {candidate['alias_of']}, of which this is an alias."
    yield 1, f"Known of it: {known}." if known else "Nothing is known of it but its id."
    for number, claim in enumerate(candidate["claims"]):
        is_answer = number == 0 and claim["state"] == "stands"
        yield from _claim(claim, "Reason" if is_answer else LEADS[claim["state"]])
    for fact in candidate["without_effect"]:
        yield 1, f"Without effect: {fact_in_words(fact)}."
    if not candidate["claims"] and not candidate["without_effect"]:
        yield 1, "Nothing that is held about the person speaks against it."
    if candidate["verdict"] == "suppressed" and candidate["free_from"] is not None:
        again = utc(candidate["free_from"])
        yield 1, f"If nothing else happens, it may be shown again from {again} on."


def _claim(claim: Json, lead: str) -> Iterator[Line]:
    yield 1, f"{lead}: {claim['reason']}. {sentence(claim['meaning'])}"
    yield 2, f"It covers {_covered(claim)}, {_times(claim)}."
    if "via" in claim:
        yield 2, "Only another id of the same person has said so."
    for fact in claim["evidence"]:
        yield 2, f"Evidence: {fact_in_words(fact)}."
    if claim["lifted"]:
        yield 2, f"It does not count here: {_lifted(claim['lifted'])}."
    if claim["not_lifted"]:
        yield 2, f"The price does not lift it: {_not_lifted(claim['not_lifted'])}."
    ways = {way["by"]: way for way in claim["undone_by"]}
    end = ways.pop("time", None)
    if ways:
        yield 2, f"Undone by {', or by '.join(WAYS[by](way) for by, way in ways.items())}."
    if end:
        yield 2, f"It ends by itself at {utc(end['at'])}."


def _evidence(held: Json) -> Iterator[Line]:
    yield from ((0, ""), (0, f"Evidence, {len(held['evidence']):,} in all:"))
    for fact in held["evidence"]:
        text = fact_in_words(fact)
        attributes = known_in_words(fact.get("attributes") or {})
        brought = f", with {attributes}" if attributes else ""
        until = fact["kept_until"]
        kept = "until that changes" if until is None else f"until {utc(until)}"
        yield 1, f"{sentence(text + brought)} Kept {kept}."
    if held["forgotten"]:
        yield 1, f"No longer kept, because there was too much: {held['forgotten']:,}."


def _ways(links: Json) -> Iterator[Line]:
    """Why something of the persons that it is an id of counts here, and until when."""
    counts = Counter((way["level"], way["by"]) for way in links["ways"])
    for (level, by), count in counts.items():
        whom = "this person" if links["persons"] == 1 else f"{count:,} of them"
        yield 1, f"Of {whom} {HOW_MUCH[level]} here, {WHY_IT_COUNTS[by]}."


def _links(links: Json) -> Iterator[Line]:
    """What other ids have to do with it."""
    yield 0, ""
    if links["is_kiosk"]:
        yield 0, f"It is a kiosk of {counted(links['persons'], 'person')}, and shares nothing."
    elif links["persons"]:
        yield 0, f"It is an id of {counted(links['persons'], 'person')}."
        yield from _ways(links)
    if links["ids"]:
        yield 0, f"What was reported of these ids counts for it: {', '.join(links['ids'])}."
        yield 1, "That ends for an id that is unlinked."
    if links["waiting"]:
        yield 0, f"There is no room for these, which share nothing: {', '.join(links['waiting'])}."
        yield 1, "That ends when another id is unlinked, or when more is stated of them."
    if links["not_counting"]:
        yield (
            0,
            (
                "Reported in a session that is over or hardly trusted, so that it does not count "
                f"now: {counted(links['not_counting'], 'fact')}."
            ),
        )


def _claims(held: Json) -> Iterator[Line]:
    if not held["claims"]:
        if held["evidence"]:
            yield from ((0, ""), (0, "None of it speaks against any ad."))
        return
    yield from ((0, ""), (0, f"What follows from it, {len(held['claims']):,} in all:"))
    for claim in held["claims"]:
        yield from _claim(
            {**claim, "evidence": ()}, {**LEADS, "stands": "In force"}[claim["state"]]
        )


def _list(suppression_list: Json) -> Iterator[Line]:
    granted = " and ".join(suppression_list["granted"]) or "nothing"
    yield 0, ""
    yield 0, f"On the list for ad servers, of {utc(suppression_list['ts'])} (granted: {granted}):"
    for entry in suppression_list["entries"]:
        yield 1, f"{entry['reason']}: {_covered(entry)}, {_times(entry)}."


def _covered(claim: Json) -> str:
    return COVERED[claim["scope"]].format(claim["value"])


def _times(claim: Json) -> str:
    until = "until that changes" if claim["until"] is None else f"until {utc(claim['until'])}"
    return f"from {utc(claim['since'])} {until}" if claim["since"] else until


def _lifted(lifted: Json) -> str:
    if lifted["by"] == "own_site":
        return "this is the advertiser's own site"
    offered, before = _offered(lifted), _dismissed_at(lifted)
    return f"offered at {offered}, dismissed at {before}, and {_enough(lifted)} is enough"


def _not_lifted(why: Json) -> str:
    """Why the price at which a product is offered does not bring its ad back."""
    match why["by"]:
        case "not_priced":
            return "no one price was named at which it was dismissed"
        case "currency":
            return f"offered at {_offered(why)}, dismissed at {_dismissed_at(why)}"
        case "too_high":
            return f"offered at {_offered(why)}, and it takes {_enough(why)}"
        case "too_low":
            before = _dismissed_at(why)
            mistake = f"so far below {before} that it is taken for a mistake"
            return f"offered at {_offered(why)}, {mistake}; it takes {_enough(why)}"
    return "by the percentages of the policy none can"


def _offered(prices: Json) -> str:
    return price_in_words(prices["offered"], prices["offered_currency"])


def _dismissed_at(prices: Json) -> str:
    return price_in_words(prices["dismissed_at"], prices["currency"])


def _enough(way: Json) -> str:
    """The prices that lift a dismissal."""
    at_most = price_in_words(way["at_most"], way.get("currency"))
    if way["at_least"] <= 0:
        return f"{at_most} or less"
    return f"{number_in_words(way['at_least'])} to {at_most}"


def _returned(way: Json) -> str:
    lines = way["lines"]
    return "the return of " + " and ".join(
        f"{line['quantity']} x {line['product_id']} of order {line['order_id']}" for line in lines
    )


def _restored(way: Json) -> str:
    targets = [target_in_words(target) for target in way["targets"]]
    named = "" if targets == ["everything"] else " and ".join(targets) + " or of "
    return f"taking it back (a restoration of {named}everything)"


def _consent(way: Json) -> str:
    sources = f", for an ad with {way['sources']} sources or more" if "sources" in way else ""
    return f"consent to {way['preference']}{sources}"


WAYS: Final[Mapping[str, Callable[[Json], str]]] = {
    "return": _returned,
    "purchase": lambda _: "an order of the same, which then counts as bought",
    "restoration": _restored,
    "price": lambda way: f"a price of {_enough(way)}",
    "consent": _consent,
    "interest": lambda way: (
        f"interest within the last {number_in_words(way['milliseconds'] / DAY)} "
        f"day{'' if way['milliseconds'] == DAY else 's'}"
    ),
    "basis": lambda way: f"targeting on what was {' or '.join(way['one_of'])}",
    "channel": lambda way: f"a channel other than {' or '.join(way['none_of'])}",
    "own_site": lambda _: "showing it on the advertiser's own site",
}
"""Ways to undo a claim, besides waiting."""
