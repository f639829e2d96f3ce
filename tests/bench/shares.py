"""What a worker's time goes to, from the stacks of a sampling profiler."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

OTHER = "event loop and the rest"


MAIN = ("<module>", "_run_module_as_main")
"""The root of the main thread's stacks."""


class Frame(NamedTuple):
    """A function on a stack."""

    function: str
    file: str


class Stack(NamedTuple):
    """A stack from its root, and how often it was seen."""

    frames: list[Frame]
    times: int


class Rule(NamedTuple):
    """What a frame says its stack is doing; the frame nearest to the top that says anything counts.

    So what RocksDB takes within a checkpoint is RocksDB's.
    """

    share: str
    file: str
    """How its path ends, or contains where it is a folder."""
    functions: str = ".*"
    """A pattern of their names, without the class."""

    def fits(self, frame: Frame) -> bool:
        """Whether the frame says so."""
        is_folder = self.file.endswith("/")
        is_there = self.file in frame.file if is_folder else frame.file.endswith(self.file)
        # What is defined within a function counts as the function: `f.<locals>.<genexpr>`.
        name = rf"(?:.*\.)?(?:{self.functions})(?:\.<.*)?"
        return is_there and bool(re.fullmatch(name, frame.function))


RULES = (
    Rule("RocksDB", "engine/state/store.py"),
    Rule("commit", "engine/checkpoint/exactly_once.py"),
    Rule("commit", "engine/checkpoint/at_least_once.py"),
    Rule("output", "engine/checkpoint/outbox.py"),
    Rule("output", "engine/checkpoint/producer.py"),
    Rule("load persons", "engine/state/changes.py", "get"),
    Rule("output", "engine/state/changes.py"),
    Rule("decode", "schemas/decoding.py"),
    Rule("fetch", "engine/faust_consumer.py"),
    Rule("fetch", "engine/fetch_pace.py"),
    Rule("fetch", "aiokafka/"),
    Rule("fetch", "agents/intake.py"),
    Rule("garbage", "engine/process/garbage.py"),
    Rule("align", "engine/alignment.py"),
    Rule("align", "engine/partition_processor.py", "in_batches|add|queue"),
    Rule("load persons", "agents/person_cache.py"),
    Rule("prepare", "agents/suppress.py", "prepare|_publish|committed|progress"),
    Rule("prepare", "suppression/join.py", "prepare"),
    Rule("join", "suppression/join.py", "apply"),
    Rule("join", "agents/suppress.py", "process"),
    Rule("review", "agents/review.py"),
    Rule("engine", "agents/suppress.py"),
    Rule("engine", "engine/"),
)
WAITING = (
    Rule("waiting", "selectors.py", "select"),
    Rule("waiting", "threading.py", "wait"),
    Rule("waiting", "concurrent/futures/thread.py", "_worker"),
)
"""What a frame at the top says of a thread that does nothing: whether it runs the system does not
always tell rightly."""


def stacks(raw: str) -> Iterator[Stack]:
    """The stacks of py-spy's raw format: frames from the root, `;` between them, and a count."""
    for line in raw.splitlines():
        names, _, count = line.rpartition(" ")
        yield Stack([_frame(name) for name in names.split(";")], int(count))


def _frame(name: str) -> Frame:
    """`take (streams/suppression/join.py:37)`, or the name of a thread without a file."""
    found = re.fullmatch(r"(.*) \((.*?)(?::\d+)?\)", name)
    return Frame(found[1], found[2]) if found else Frame(name, "")


def shares(seen: Iterable[Stack], rules: Sequence[Rule] = RULES) -> Mapping[str, float]:
    """The share of each part in all samples of work, the greatest first; together they are 1."""
    counts: Counter[str] = Counter()
    for stack in seen:
        if not any(rule.fits(stack.frames[-1]) for rule in WAITING):
            counts[_share_of(stack, rules)] += stack.times
    total = counts.total()
    return {share: count / total for share, count in counts.most_common()}


def share_of_time(seen: Iterable[Stack], share: str, rules: Sequence[Rule] = RULES) -> float:
    """In which part of the time any thread was busy with a part or waiting for it.

    `seen` has idle threads too, so the main thread in every sample.
    """
    samples = found = 0
    for stack in seen:
        if stack.frames[0].function in MAIN:
            samples += stack.times
        if _share_of(stack, rules) == share:
            found += stack.times
    return found / samples


def _share_of(stack: Stack, rules: Sequence[Rule]) -> str:
    for frame in reversed(stack.frames):
        for rule in rules:
            if rule.fits(frame):
                return rule.share
    return OTHER
