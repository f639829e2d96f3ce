"""What differs between the outcome that is expected of a golden case and the one that it has.

Both are put in words, and the words are compared, so that whatever differs can be shown. The
version of the policy is left out. It labels all that was decided, so that a new label alone would
make every case differ.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Final, NamedTuple, TypeVar

from msgspec import UNSET

from schemas.outputs import Decision, ListEntry, SuppressedCandidate, SuppressionList
from streams.recording.golden import Outcome

NOTHING: Final = "nothing"
ORDER: Final = "in this order"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Output = TypeVar("Output", Decision, SuppressionList)

Statements = Mapping[str, Sequence[str]]
"""Statements in words by the candidate, scope value or field that they are about."""


class Difference(NamedTuple):
    """One thing that is not as expected, in words."""

    about: str
    """The decision or the list."""
    what: str
    """The candidate, scope value or field."""
    expected: str
    got: str


def differences(expected: Outcome, got: Outcome) -> Iterator[Difference]:
    """What differs, decision by decision and then list by list."""
    decided = _by_request(expected.decisions), _by_request(got.decisions)
    yield from _unlike(*decided, _title_of_decision, _statements_of_decision)
    yield from _unlike_order(*decided)
    listed = _by_person(expected.lists), _by_person(got.lists)
    yield from _unlike(*listed, _title_of_list, _statements_of_list)


def _unlike(
    expected: Mapping[Hashable, Output],
    got: Mapping[Hashable, Output],
    title: Callable[[Output], str],
    statements: Callable[[Output], Statements],
) -> Iterator[Difference]:
    for key, output in {**expected, **got}.items():
        was, now = (statements(side[key]) if key in side else {} for side in (expected, got))
        found = list(_unlike_words(title(output), was, now))
        # Where more than the order differs, that goes without saying.
        yield from [each for each in found if each.what != ORDER] or found


def _unlike_words(about: str, expected: Statements, got: Statements) -> Iterator[Difference]:
    for what in {**expected, **got}:
        was, now = Counter(expected.get(what, ())), Counter(got.get(what, ()))
        before, after = (was - now).elements(), (now - was).elements()
        for pair in zip_longest(before, after, fillvalue=NOTHING):
            yield Difference(about, what, *pair)


def _unlike_order(
    expected: Mapping[Hashable, Decision], got: Mapping[Hashable, Decision]
) -> Iterator[Difference]:
    """Where the same decisions first come in another order."""
    was = [decision for key, decision in expected.items() if key in got]
    now = [got[key] for key in got if key in expected]
    for number, pair in enumerate(zip(was, now, strict=True), start=1):
        before, after = map(_title_of_decision, pair)
        if before != after:
            yield Difference("order of the decisions", f"number {number}", before, after)
            return


# --- in words ------------------------------------------------------------------------------------


def _by_request(decisions: Iterable[Decision]) -> dict[Hashable, Decision]:
    """By person, request, time and number: a request that is repeated has several decisions."""
    seen: Counter[Hashable] = Counter()
    found: dict[Hashable, Decision] = {}
    for decision in decisions:
        asked = decision.user_id, decision.request_id, decision.ts
        seen[asked] += 1
        found[asked, seen[asked]] = decision
    return found


def _by_person(lists: Iterable[SuppressionList]) -> dict[Hashable, SuppressionList]:
    return {each.user_id: each for each in lists}


def _title_of_decision(decision: Decision) -> str:
    request_id, user_id = _name(decision.request_id), _name(decision.user_id)
    return f"request {request_id} of {user_id}, {_time(decision.ts)}"


def _statements_of_decision(decision: Decision) -> Statements:
    statements: dict[str, list[str]] = defaultdict(list)
    for answer in decision.suppressed:
        statements[_name(answer.product_id)].append(f"suppressed: {_answer(answer)}")
    for answer in decision.ghosted:
        statements[_name(answer.product_id)].append(f"ghosted: {_answer(answer)}")
    ghosted = Counter(answer.product_id for answer in decision.ghosted)
    for product_id in (Counter(decision.allowed) - ghosted).elements():
        statements[_name(product_id)].append("allowed")
    answered = [answer.product_id for answer in (*decision.suppressed, *decision.ghosted)]
    statements[ORDER].append(", ".join(map(_name, (*decision.allowed, *answered))))
    return statements


def _answer(answer: SuppressedCandidate) -> str:
    return f"{answer.reason}, {answer.scope} {_name(answer.value)}, {_claim(answer)}"


def _title_of_list(current: SuppressionList) -> str:
    return f"list of {_name(current.user_id)}"


def _statements_of_list(current: SuppressionList) -> Statements:
    statements: dict[str, list[str]] = defaultdict(list)
    statements["time"].append(_time(current.ts))
    statements["granted"] += current.granted
    statements[ORDER].append(", ".join(_name(entry.value) for entry in current.entries))
    if current.forgotten is not UNSET:
        statements["forgotten"].append(str(current.forgotten))
    for entry in current.entries:
        words = f"{entry.reason}, {_claim(entry)}"
        if entry.price is not UNSET:
            words += f", price {entry.price}"
        if entry.currency is not UNSET:
            words += f" {entry.currency}"
        if entry.via is not UNSET:
            words += f", via the {entry.via}"
        statements[f"{entry.scope} {_name(entry.value)}"].append(words)
    return statements


def _claim(claim: SuppressedCandidate | ListEntry) -> str:
    until = "until undone" if claim.until is None else f"until {_time(claim.until)}"
    because = f", because of {', '.join(map(_name, claim.because))}" if claim.because else ""
    return f"since {_time(claim.since)} {until}{because}"


def _name(text: str) -> str:
    """An id as it is, unless it would tear a line apart."""
    return text if text.isprintable() and text.strip() == text != "" else repr(text)


def _time(ts: int) -> str:
    try:
        time = _EPOCH + timedelta(milliseconds=ts)
    except OverflowError:  # not of the years 1 to 9999
        return str(ts)
    return time.replace(tzinfo=None).isoformat(" ", "milliseconds" if ts % 1_000 else "seconds")
