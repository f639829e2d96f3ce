"""`unhaunt explain --live`: what a deployment knows of one person, by its changelog."""

from typing import Any, NamedTuple

import orjson
import pytest

from streams.recording.files import RecordedRecord
from streams.recording.one_person import OnePerson
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings, variables_of
from streams.suppression.explanation import held
from streams.suppression.policy import Policy
from tests.builders import as_json
from tests.command_line import json_lines, run
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment

pytestmark = pytest.mark.kafka

PARTITIONS = 3


class Run(NamedTuple):
    """A recording that a worker has worked off."""

    records: list[RecordedRecord]
    deployment: Deployment

    def explain(self, *arguments: object) -> Any:
        """The exit code and the streams of the command."""
        return run("explain", "--live", *arguments, **variables_of(self.deployment.settings))

    def explained(self, *arguments: object) -> dict[str, Any]:
        result = self.explain(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        [explanation] = json_lines(result.stdout)
        return explanation

    def persons(self) -> list[str]:
        """Everybody of whom something is kept."""
        persons = self.deployment.persons().values()
        return sorted(key[1:].decode() for stored in persons for key in stored)


@pytest.fixture(scope="module")
def worked_off(deploy: Deploy) -> Run:
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    records = list(simulate(persons=60, partitions=PARTITIONS))
    deployment.load(records)
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        assert worker.stop() == 0
    return Run(records, deployment)


def without_replaced(answer: dict[str, Any]) -> dict[str, Any]:
    """What is held, without what only a recording can know: evidence keeps the winners."""
    for fact in (
        *answer["evidence"],
        *(f for claim in answer["claims"] for f in claim["evidence"]),
    ):
        fact.pop("replaced", None)
    return answer


def test_what_is_held_is_what_a_recording_of_the_same_tells(worked_off: Run) -> None:
    policy = Policy.from_toml(DEMO_POLICY)
    persons = worked_off.persons()
    for user_id in persons[:: max(1, len(persons) // 5)]:
        known = OnePerson(worked_off.records, user_id, policy).at(None)
        assert known.join.newest is not None
        expected = as_json(held(known.join, user_id, known.join.newest, known.events))
        assert expected["evidence"]
        assert without_replaced(worked_off.explained("--user", user_id)) == without_replaced(
            expected
        )


def test_the_list_that_is_told_is_the_one_that_was_published(worked_off: Run) -> None:
    lists = worked_off.deployment.lists()
    user_id = min(lists)
    assert worked_off.explained("--user", user_id)["list"] == lists[user_id]


def test_a_product_is_explained_by_what_is_kept_and_by_the_catalog(worked_off: Run) -> None:
    groups = {
        record.key: orjson.loads(record.value or b"{}").get("item_group_id")
        for record in worked_off.records
        if record.topic == "catalog"
    }
    user_id, entry, product = next(
        (user_id, entry, product)
        for user_id, suppression_list in worked_off.deployment.lists().items()
        for entry in suppression_list["entries"]
        for product, group in groups.items()
        if entry["reason"] == "purchased" and (entry["scope"], entry["value"]) == ("group", group)
    )
    explanation = worked_off.explained(
        "--user", user_id, "--product", product.decode(), "--at", entry["since"]
    )
    [candidate] = explanation["candidates"]
    assert candidate["known"]["item_group_id"] == entry["value"]
    assert entry in [{name: claim[name] for name in entry} for claim in candidate["claims"]]


def test_of_somebody_of_whom_nothing_is_known_it_says_so(worked_off: Run) -> None:
    result = worked_off.explain("--user", "nobody at all")
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing is held about nobody at all at ")


def test_a_policy_that_is_not_the_workers_is_noticed(worked_off: Run, tmp_path: Any) -> None:
    user_id = worked_off.persons()[0]
    assert worked_off.explain("--user", user_id).stderr == ""
    other = tmp_path / "other.toml"
    other.write_text('version = "other"\n')
    result = worked_off.explain("--user", user_id, "--policy", other)
    assert result.exit_code == 0
    assert result.stderr.startswith("The workers decide by another policy than this, which is from")


def test_a_deployment_without_a_changelog_is_a_mistake_that_names_it(settings: Settings) -> None:
    result = run("explain", "--live", "--user", "ann", **variables_of(settings))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{settings.changelog}: there is no such topic at")
    assert len(result.stderr.splitlines()) == 1
