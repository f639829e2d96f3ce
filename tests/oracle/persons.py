"""All ids with what was reported of each, and what counts for one of them (SPEC 9)."""

from tests.oracle.aliases import as_read, read_by_catalog
from tests.oracle.decision import decide, list_of_person
from tests.oracle.evidence import acts_on, facts_of, joined, still_there
from tests.oracle.identities import (
    counts_here,
    goes_up,
    hubs_of,
    is_shareable,
    kept_statements,
    leaves_of,
    level_down,
    passes,
)

MAKING_CLAIMS = ("line", "first_completion", "dismissed", "impression", "preference")


class Persons:
    """What was reported so far. Every question is answered from all of it anew."""

    def __init__(self, policy, catalog, partition_of=None):
        self.policy = policy
        self.catalog = catalog
        self.newest = {}  # partition number -> newest event time taken so far
        self.partition_of = dict(partition_of or {})  # id -> partition number
        self.own = {}  # id -> facts that were reported of it
        self.own_ts = {}  # id -> of the newest evidence
        self.said = {}  # leaf -> statements
        self.statements = {}  # leaf -> those that are not about anybody who is blocked

    def apply(self, event, partition):
        """Take the next event; the decision, where it is a request."""
        newest = self.newest[partition] = max(event["ts"], self.newest.get(partition, event["ts"]))
        user_id = event["user_id"]
        self.partition_of[user_id] = partition
        if event["topic"] == "identities":
            said = self.said[user_id] = kept_statements([*self.said.get(user_id, []), event])
            blocked = self.policy["identity"]["blocked"]
            self.statements[user_id] = [
                each
                for each in said
                if not {user_id.lower(), (each["person_id"] or "").lower()} & {*blocked}
            ]
            return None
        # What is gone by now has left before this record joins.
        self.forget(user_id, newest)
        if event["topic"] == "impression-requests":
            return decide(event, self.counting(user_id), self.policy, self.catalog)
        reported = facts_of(event)
        if not reported:
            return None  # no fact, no evidence: an order that lists nothing
        own = self.own.get(user_id)
        # Where nothing is left, nothing is remembered of what was said before.
        known_ts = self.own_ts[user_id] if own else event["ts"]
        self.own_ts[user_id] = max(known_ts, event["ts"])
        self.own[user_id] = joined([*(own or []), *reported])
        self.forget(user_id, newest)
        return None

    def forget(self, user_id, newest):
        """Remove what can no longer matter, neither by itself nor beside what others share.

        What makes no claim stays as long as there is anything that it acts on, wherever.
        """
        own = self.own.get(user_id)
        if own is None:
            return
        left = still_there(own, newest, self.policy, self.catalog)
        guests = self.guests(user_id)
        if guests:
            left += still_there(joined([*own, *guests]), newest, self.policy, self.catalog)
        kept = read_by_catalog(joined([*left, *guests]), self.catalog)
        ids_left = {fact["id"] for fact in left}
        self.own[user_id] = [
            fact
            for fact in own
            if fact["id"] in ids_left
            or any(acts_on(as_read(fact, self.catalog), other) for other in kept)
        ]

    # --- what counts -------------------------------------------------------------------------

    def counting(self, user_id):
        """All facts that count for the id, as one set."""
        facts = joined([*self.own_that_counts(user_id), *self.guests(user_id)])
        newest = self.newest.get(self.partition_of.get(user_id), 0)
        return still_there(facts, newest, self.policy, self.catalog)

    def own_that_counts(self, user_id):
        own, statements = self.own.get(user_id, []), self.statements.get(user_id, [])
        return [fact for fact in own if counts_here(fact, own, statements, self.policy)]

    def guests(self, user_id):
        """What other ids share with this one."""
        facts = self.from_leaves(user_id)
        statements = self.statements.get(user_id, [])
        for hub in hubs_of(statements):
            if user_id in leaves_of(hub, self.statements, self.policy):
                level = level_down(hub, statements, self.policy)
                facts += [fact for fact in self.offered(hub, user_id) if passes(fact, level)]
        return facts

    def offered(self, hub, leaf):
        """What is the hub's own, and what its other leaves share with it, as one set.

        So what one of them refused and another one granted later is refused no more.
        """
        facts = joined([*self.own.get(hub, []), *self.from_leaves(hub, besides=leaf)])
        return [fact for fact in facts if is_shareable(fact, facts, self.policy)]

    def from_leaves(self, hub, besides=None):
        facts = []
        for leaf in leaves_of(hub, self.statements, self.policy):
            if leaf != besides:
                own, statements = self.own.get(leaf, []), self.statements[leaf]
                facts += [fact for fact in own if goes_up(fact, own, hub, statements, self.policy)]
        return facts

    # --- lists -------------------------------------------------------------------------------

    def with_evidence(self):
        """The ids that have or had any, of their own or of others."""
        hubs = {hub for statements in self.statements.values() for hub in hubs_of(statements)}
        return self.own_ts.keys() | self.statements.keys() | hubs

    def list_of(self, user_id):
        """The list of an id by now; None for a tombstone."""
        facts = self.counting(user_id)
        if not facts:
            return None
        listed = list_of_person(
            user_id,
            facts,
            self.policy,
            self.catalog,
            ts=self.list_ts(user_id),
            newest=self.newest.get(self.partition_of.get(user_id), 0),
        )
        own_events = {
            fact["event_id"]
            for fact in self.own_that_counts(user_id)
            if fact["kind"] in MAKING_CLAIMS
        }
        for entry in listed["entries"] if listed else ():
            if entry["because"] and not own_events.intersection(entry["because"]):
                entry["via"] = "person"
        return listed

    def list_ts(self, user_id):
        """The time of the newest evidence that counts."""
        own, counting = self.own.get(user_id, []), self.own_that_counts(user_id)
        times = [fact["ts"] for fact in [*counting, *self.guests(user_id)]]
        if own and len(counting) == len(own):
            times.append(self.own_ts[user_id])
        return max(times)
