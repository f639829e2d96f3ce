"""What must hold of a report, whatever happened to whomever."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Event, Impression
from streams.recording.report.ads import OUTCOMES
from streams.suppression.join import Join
from tests.builders import DAY, HOUR, NOW, groups_of, line, policy, request
from tests.property.lives import events
from tests.reports import report

PEOPLE = ("ann", "bob", "cyd")
RULES = policy(
    purchase={"window_days": 2},
    frequency={"max": 2, "days": 2},
    holdout={"percent": 50},
    dismissal={"not_interested": {"days": 1}},
)

requests = st.builds(
    request,
    st.sampled_from(["tv", "radio"]),
    st.sampled_from(["tv", "mug"]),
    request_id=st.sampled_from(["r1", "r2", "r3"]),
    ts=st.integers(-50, 120).map(lambda hours: NOW + hours * HOUR),
    site=st.sampled_from([None, "news"]),
)


def of(person: str, event: Event) -> dict[str, Any]:
    event.user_id = person
    # Each person has a partition, as if there were no others.
    made = line(event, partition=PEOPLE.index(person))
    if isinstance(event, Impression):
        made["value"]["request_id"] = "r1"
    return made


recordings = st.lists(
    st.builds(of, st.sampled_from(PEOPLE), st.one_of(events, requests)), max_size=30
)


@given(recordings)
def test_the_figures_do_not_depend_on_how_persons_are_shared_out(
    recording: list[dict[str, Any]],
) -> None:
    whole = report(recording, RULES, cpm=3)
    assert report(recording, RULES, cpm=3, slices=2) == whole
    assert report(recording, RULES, cpm=3, slices=3) == whole


@given(recordings)
def test_every_ad_has_one_outcome_and_what_follows_is_among_them(
    recording: list[dict[str, Any]],
) -> None:
    made = report(recording, RULES)
    followed = made["followed"]
    for outcome in OUTCOMES:
        either = followed["ordered_or_rejected"][outcome]
        parts = followed["ordered"][outcome], followed["rejected"][outcome]
        assert max(parts) <= either <= min(sum(parts), made["ads"][outcome])
    assert made["ads"]["all"] == 2 * made["requests"]
    assert made["ads"]["leaked"] == followed["ordered_or_rejected"]["leaked"]
    for outcome in ("stopped", "held_out"):
        assert sum(each[outcome] for each in made["stopped"]["reasons"]) == made["ads"][outcome]


@given(recordings)
def test_what_came_and_has_not_gone_is_what_stands_in_the_end(
    recording: list[dict[str, Any]],
) -> None:
    end = NOW + 30 * DAY
    # All partitions end at one time, on the hour, so that the last step ends there too.
    recording = recording + [of(person, request(request_id="last", ts=end)) for person in PEOPLE]
    catalog, groups = groups_of(recording)
    in_force: dict[str, set[tuple[str, str, str]]] = {}
    for group in groups.values():
        join = Join(RULES, catalog)
        for event in group:
            join.apply(event)
        for user_id, person in join.persons.items():
            in_force[user_id] = {
                (claim.scope, claim.value, claim.reason)
                for claim in person.index(RULES, catalog).claims()
                if claim.until is None or claim.until > end
            }
    steps = report(recording, RULES)["lists"]["steps"]
    last = steps[-1] if steps else {"entries": 0, "persons": 0}
    assert last["entries"] == sum(map(len, in_force.values()))
    assert last["persons"] == sum(map(bool, in_force.values()))
    assert all(step["entries"] >= step["persons"] >= 0 for step in steps)
