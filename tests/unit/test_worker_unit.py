"""What becomes of a unit when one of its workers ends; these are no workers, but end alike."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.errors import FailedCheck, UserError
from streams.settings import Settings
from streams.supervision import restarts
from streams.supervision.worker_unit import WorkerUnit, host_name

START = """
import os, signal, sys, time
name = os.environ["UNHAUNT_INSTANCE"]
folder = os.environ["UNHAUNT_STATE_FOLDER"]
with open(os.path.join(folder, name), "a") as lives:
    lives.write("|")
life = os.path.getsize(os.path.join(folder, name))

def work():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))
    open(os.path.join(folder, name + ".works"), "w").close()
    while True:
        time.sleep(60)

def wait_for(*names):
    while not all(os.path.exists(os.path.join(folder, name)) for name in names):
        time.sleep(0.01)

STOPPED = 0
"""
"""Notes each life of a member in a file of its name."""

STOP_UNIT = "os.kill(os.getppid(), signal.SIGTERM); work()"

RunUnit = Callable[[str], int]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(restarts, "PAUSES", (0.0, 0.0))
    return Settings(instance="u", state_folder=str(tmp_path))


@pytest.fixture
def run(settings: Settings) -> RunUnit:
    """Run a unit of two, u-1 and u-2, by such a program; returns its exit code."""
    return lambda program: WorkerUnit(settings, 2, ("-c", START + program)).run()


def lives(settings: Settings) -> tuple[int, ...]:
    """How often each member was started."""
    folder = Path(settings.state_folder)
    return tuple(len((folder / name).read_text()) for name in ("u-1", "u-2"))


def test_told_to_stop_it_stops_all_and_ends_with_0(run: RunUnit, settings: Settings) -> None:
    assert run(f"work() if name == 'u-1' else wait_for('u-1.works'); {STOP_UNIT}") == 0
    assert lives(settings) == (1, 1)


def test_told_twice_it_stops_all_once(run: RunUnit, settings: Settings) -> None:
    interrupt = "os.kill(os.getppid(), signal.SIGINT); "
    assert run(f"work() if name == 'u-1' else wait_for('u-1.works'); {interrupt}{STOP_UNIT}") == 0


def test_a_sighup_is_handed_on_to_all_and_ends_none(run: RunUnit, settings: Settings) -> None:
    program = f"""
signal.signal(signal.SIGHUP, lambda *_: open(os.path.join(folder, name + ".told"), "w").close())
if name == "u-1": work()
wait_for("u-1.works")
os.kill(os.getppid(), signal.SIGHUP)
wait_for("u-1.told", "u-2.told")
{STOP_UNIT}"""
    assert run(program) == 0
    assert lives(settings) == (1, 1)


@pytest.mark.parametrize("code", [1, 2])
def test_a_worker_that_names_its_reason_ends_all_with_its_exit_code(
    run: RunUnit, settings: Settings, code: int
) -> None:
    assert run(f"work() if name == 'u-1' else wait_for('u-1.works'); sys.exit({code})") == code
    assert lives(settings) == (1, 1)


@pytest.mark.parametrize(
    "death", ["os.kill(os.getpid(), signal.SIGKILL)", "sys.exit(70)", "sys.exit(0)"]
)
def test_a_worker_that_dies_is_started_again(run: RunUnit, settings: Settings, death: str) -> None:
    program = f"""
if name == "u-1": work()
wait_for("u-1.works")
if life == 1: {death}
{STOP_UNIT}"""
    assert run(program) == 0
    assert lives(settings) == (1, 2)


def test_a_worker_that_dies_again_and_again_ends_all_and_is_named(
    run: RunUnit, settings: Settings
) -> None:
    program = "work() if name == 'u-1' else wait_for('u-1.works'); sys.exit(70)"
    with pytest.raises(FailedCheck, match=r"u-2 has died 3 times.*exit code 70"):
        run(program)
    assert lives(settings) == (1, restarts.MOST_DEATHS)


@pytest.mark.parametrize(("code", "expected"), [(1, 1), (2, 2), (70, 1)])
def test_one_that_does_not_stop_well_is_seen_in_the_exit_code(
    run: RunUnit, code: int, expected: int
) -> None:
    program = f"""
STOPPED = {code} if name == "u-1" else 0
work() if name == "u-1" else wait_for("u-1.works")
{STOP_UNIT}"""
    assert run(program) == expected


def test_one_that_does_not_stop_at_all_is_killed(
    run: RunUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.supervision.worker_unit.STOP_SECONDS", 0.1)
    program = f"""
if name == "u-1":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(os.path.join(folder, "deaf"), "w").close()
    while True: time.sleep(60)
wait_for("deaf")
{STOP_UNIT}"""
    assert run(program) == 1


def test_a_second_unit_of_the_same_name_is_kept_away(settings: Settings) -> None:
    second = f"""
import msgspec
from streams.errors import UserError
from streams.supervision.worker_unit import WorkerUnit
from streams.settings import Settings
given = Settings(instance="u", state_folder=folder)
try:
    WorkerUnit(given, 2, ("-c", "")).run()
except UserError as error:
    print(error, file=open(os.path.join(folder, "said"), "w"))
{STOP_UNIT}"""
    assert WorkerUnit(settings, 1, ("-c", START + second)).run() == 0
    message = (Path(settings.state_folder) / "said").read_text()
    assert message.startswith("Workers named u already run")
    assert "UNHAUNT_INSTANCE" in message


def test_members_have_names_and_state_folders_of_their_own(settings: Settings) -> None:
    unit = WorkerUnit(settings, 3, ())
    assert [member.name for member in unit.members] == ["u-1", "u-2", "u-3"]
    assert len({member.settings.folder for member in unit.members}) == 3


def test_a_unit_without_an_instance_is_named_after_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "shop 1.example")
    assert host_name() == "shop-1.example"
    assert WorkerUnit(Settings(), 1, ()).members[0].name == "shop-1.example-1"


def test_an_instance_that_leaves_no_room_for_a_number_is_a_mistake() -> None:
    with pytest.raises(UserError, match=r"UNHAUNT_INSTANCE=.*too long.*-10"):
        WorkerUnit(Settings(instance="x" * 98), 10, ())
