"""What benchmarks make of processor time, and which programs they run or leave out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.recording.files import Writer
from tests.bench import growth
from tests.bench.builds import Build, Finder, earlier, is_compiled
from tests.bench.contenders import kafka_streams
from tests.bench.join import against_yardstick, compared, take_turns
from tests.bench.join_process import Parts, parts
from tests.bench.processor import Reading, Use, processor_seconds, use
from tests.bench.rate import Cost, Sample, TooShort, cost
from tests.bench.real_workload import real
from tests.bench.rivals.kafka_streams import FOLDER
from tests.bench.transactions import is_commit
from tests.bench.workload import mixed

REPOSITORY = Path(__file__).parents[2]

# --- processor time ------------------------------------------------------------------------------


def test_the_cost_of_an_event_is_of_the_same_part_of_the_work_as_the_rate() -> None:
    starting = [Sample(0.0, 0, worker=5.0, broker=50.0)]
    steady = [Sample(10.0 + n, 100 * n, worker=9.0 + n, broker=60.0 + 2 * n) for n in range(1, 11)]
    assert cost([*starting, *steady], events=9_000) == pytest.approx(
        Cost(worker=9 / 8_100 * 1e6, broker=18 / 8_100 * 1e6)
    )


def test_the_cost_of_an_event_may_be_that_of_a_part_of_the_work() -> None:
    samples = [Sample(float(n), n, worker=n**2, broker=0.0) for n in range(11)]
    early, late = cost(samples, 1_000_000, 0.1, 0.2), cost(samples, 1_000_000, 0.9, 1.0)
    assert (early.worker, late.worker) == pytest.approx((30, 190))


def test_a_part_of_the_work_within_one_sample_has_no_cost() -> None:
    with pytest.raises(TooShort, match="larger --scale"):
        cost([Sample(0.0, 0), Sample(0.1, 850), Sample(0.2, 1_000)], 1_000, 0.1, 0.2)


def test_the_growth_of_a_cost_is_the_median_of_those_within_the_runs() -> None:
    second = [Cost(10.0, 1.0), Cost(20.0, 1.0), Cost(10.0, 1.0)]
    last = [Cost(11.0, 2.0), Cost(60.0, 2.0), Cost(12.0, 2.0)]
    found = {figure.name: figure.value for figure in growth.figures(second, last)}
    assert found["last tenth against second"] == pytest.approx(1.2)


def test_what_is_used_a_second_is_of_the_readings_within_the_time() -> None:
    readings = [Reading(at=float(n), worker=0.5 * n, broker=0.25 * n) for n in range(10)]
    early = [Reading(at=-5.0, worker=-100.0, broker=-100.0)]
    assert use([*early, *readings], since=2.0, until=6.5) == Use(worker=500, broker=250)


def test_the_processor_time_of_a_process_includes_its_children() -> None:
    used = processor_seconds(os.getpid())
    burn = "from time import process_time\nwhile process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert processor_seconds(os.getpid()) - used >= 0.15  # read in ticks of a hundredth


def test_a_process_that_is_gone_has_used_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert processor_seconds(ended.pid) == 0


# --- transactions --------------------------------------------------------------------------------

# Version, producer id, epoch and timeout; then the status and what does not matter here.
BEFORE_STATUS = bytes(2 + 8 + 2 + 4)


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        (BEFORE_STATUS + b"\x04" + bytes(9), True),
        (BEFORE_STATUS + b"\x02" + bytes(9), False),
        (None, False),
    ],
    ids=["commit is complete", "commit is prepared", "forgotten"],
)
def test_only_the_end_of_a_commit_counts_as_a_transaction(
    value: bytes | None, counts: bool
) -> None:
    assert is_commit(value) is counts


# --- the join by itself --------------------------------------------------------------------------


def spent(in_all: float, yardstick: float = 10.0) -> Parts:
    return Parts(in_all / 2, in_all / 2, 0.0, 0.0, yardstick, is_compiled=False)


def test_the_ratio_to_the_yardstick_is_the_median_of_those_within_the_rounds() -> None:
    turns = [spent(20, 10), spent(80, 20), spent(300, 100)]
    assert against_yardstick(turns) == 3


def test_one_build_is_compared_with_another_within_the_rounds() -> None:
    found = {"compiled": [spent(10), spent(1), spent(9)], "before": [spent(20), spent(9), spent(9)]}
    [figure] = compared("bare", found, "compiled", "before", None)
    assert (figure.value, figure.unit) == (2, "x")


def test_a_build_that_is_not_there_is_not_compared() -> None:
    assert list(compared("bare", {"interpreted": [spent(10)]}, "compiled", "before", None)) == []


@pytest.mark.parametrize("workload", [mixed, real])
def test_every_part_of_the_join_takes_time(workload: object) -> None:
    assert callable(workload)
    found = parts(list(workload(20_000, 1)))
    assert min(found.decode, found.apply, found.prepare, found.encode, found.yardstick) > 0


# --- builds --------------------------------------------------------------------------------------


def test_modules_come_from_the_folder_of_a_build(tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    (tmp_path / "streams" / "__init__.py").write_text("")
    (tmp_path / "streams" / "other.py").write_text("print('from elsewhere')")
    build = Build("before", REPOSITORY, tmp_path, is_interpreted=True)
    assert build.run("streams.other") == b"from elsewhere\n"


def test_a_build_that_fails_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    build = Build("before", REPOSITORY, tmp_path, is_interpreted=True)
    with pytest.raises(
        RuntimeError, match=r"(?s)streams.missing, before, failed: .*No module named"
    ):
        build.run("streams.missing")


def test_an_interpreted_build_passes_over_what_is_compiled(tmp_path: Path) -> None:
    folder = tmp_path / "streams" / "suppression"
    folder.mkdir(parents=True)
    assert not is_compiled(tmp_path)
    (folder / "join.py").write_text("")
    (folder / "join.abi3.so").write_text("")
    assert is_compiled(tmp_path)
    name = "streams.suppression.join"
    origins = [Finder(tmp_path, is_interpreted).find_spec(name) for is_interpreted in (True, False)]
    assert [Path(str(spec and spec.origin)).name for spec in origins] == ["join.py", "join.abi3.so"]


def test_modules_of_others_are_found_as_usual(tmp_path: Path) -> None:
    assert Finder(tmp_path, is_interpreted=True).find_spec("orjson") is None


def test_a_commit_that_git_does_not_have_is_left_out_with_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert earlier(tmp_path, "0" * 40) == []
    assert "is left out" in capsys.readouterr().err


def test_the_earlier_program_measures_the_same_recording(tmp_path: Path) -> None:
    at_hand = earlier(tmp_path)
    if not at_hand:
        pytest.skip("git does not have the earlier commit here")
    recording = tmp_path / "bare.jsonl"
    with Writer(recording) as writer:
        for record in mixed(100, 1):
            writer.write(record)
    [[before]] = take_turns(at_hand, recording, rounds=1).values()
    assert before.total > 0


# --- Kafka Streams -------------------------------------------------------------------------------


def test_kafka_streams_is_left_out_with_a_line_where_it_is_not_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "nowhere"))
    assert kafka_streams(tmp_path) == []
    stderr = capsys.readouterr().err
    assert stderr.startswith("Kafka Streams is left out: ")
    assert f"{FOLDER}={tmp_path / 'nowhere'}: expected a Maven project" in stderr


def test_kafka_streams_is_left_out_with_a_line_where_maven_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pom.xml").touch()
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr("tests.bench.rivals.kafka_streams.jars", lambda: tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kafka_streams(tmp_path) == []
    assert "Kafka Streams is left out: there is no `mvn` here" in capsys.readouterr().err
