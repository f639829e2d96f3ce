"""The comparison of policies on a recording, for `unhaunt backtest`."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import orjson
from msgspec import to_builtins
from rich.table import Table

from streams.commands.files import JSON_TO_READ, STANDARD_OUTPUT, whole_file
from streams.commands.policies import formats_in_force
from streams.commands.terminal import (
    ADDING_UP,
    progress_bar,
    standard_error,
    standard_output,
    table,
    tell_if_empty,
)
from streams.commands.times import utc
from streams.errors import UserError
from streams.recording.comparison import (
    ALLOWED,
    GHOSTED,
    Change,
    Changes,
    Comparison,
    Example,
    is_shown,
)
from streams.recording.parallel.messages import Run
from streams.recording.parallel.processes import processes_for, start
from streams.recording.sources import AnyPath, total_size
from streams.suppression.policy import Policy
from streams.suppression.words import REASONS
from streams.wording import counted

MOST_ROWS: Final = 10
"""Of categories and persons so many are shown, those with the most changes."""

Kind = tuple[str, Callable[[Change], bool]]

KINDS: Final[Sequence[Kind]] = (
    ("Shown no more", lambda change: is_shown(change[0]) and not is_shown(change[1])),
    ("Shown again", lambda change: is_shown(change[1]) and not is_shown(change[0])),
    ("As before, for another reason", lambda change: is_shown(change[0]) == is_shown(change[1])),
)
"""What a change comes to for the person."""


def compare(
    recordings: Sequence[AnyPath],
    policies: Sequence[tuple[Policy, str]],
    processes: int | None,
    json: str | None,
) -> None:
    """Run all policies, each with its file's name, and show what the others change.

    Raises `UserError` for policies by which not the same records are read.
    """
    if len({policy.blocked for policy, _ in policies}) > 1:
        raise UserError(
            "identity.blocked: expected the same in all policies that are compared, since it says "
            "which statements are read; run the policies one by one."
        )
    run = Run(
        recordings,
        [policy for policy, _ in policies],
        partial(Comparison, len(policies)),
        only_decisions=True,
        formats=formats_in_force(),
    )
    started = time.perf_counter()
    with start(run, processes or processes_for(recordings)) as parallel, whole_file(json) as write:
        with progress_bar("Reading", total_size(recordings)) as advance:
            events = parallel.read(advance)
        with progress_bar("Deciding", events, then=ADDING_UP) as advance:
            parallel.decide(advance, _ignore)
            parallel.lists(_ignore)
            comparison, counts = parallel.done()
        names = _names(policies)
        write(orjson.dumps(_as_json(comparison, names), option=JSON_TO_READ))
    seconds = time.perf_counter() - started
    tell_if_empty(recordings, counts.all_records)
    console = standard_error() if json == STANDARD_OUTPUT else standard_output()
    console.print(_answers_table(comparison, names))
    for name, changes in zip(names[1:], comparison.changes, strict=True):
        console.print()
        for line in _in_words(names[0], name, changes, comparison):
            console.print(line)
    standard_error().print(f"\n{counted(comparison.requests, 'request')} in {seconds:,.1f} s.")


def _ignore(_: bytes) -> None:
    """Lines that nobody asked for."""


def _names(policies: Sequence[tuple[Policy, str]]) -> list[str]:
    """The versions of the policies, with their files where versions are not unique."""
    versions = Counter(policy.version for policy, _ in policies)
    return [
        policy.version if versions[policy.version] == 1 else f"{policy.version} ({path})"
        for policy, path in policies
    ]


def _answers_table(comparison: Comparison, names: Sequence[str]) -> Table:
    """How many candidates get which answer under each policy."""
    made = table("candidates", *names, numbers=tuple(names))
    for answer in (ALLOWED, *(GHOSTED + reason for reason in REASONS), *REASONS):
        counts = [answers[answer] for answers in comparison.answers]
        if any(counts):
            made.add_row(answer, *(f"{count:,}" for count in counts))
    return made


def _in_words(
    first: str, other: str, changes: Changes, comparison: Comparison
) -> Iterator[str | Table]:
    """What changes from the first policy to another, in words and tables."""
    total = changes.candidates.total()
    yield f"From {first} to {other}:"
    if not total and not changes.other_end:
        yield "Nothing changes."
        return
    yield (
        f"{total:,} of {counted(comparison.answers[0].total(), 'candidate')} "
        f"{'gets' if total == 1 else 'get'} another answer, in {changes.requests:,} of "
        f"{counted(comparison.requests, 'request')}, of {counted(len(changes.persons), 'person')}."
    )
    if changes.other_end:
        yield f"Suppressed for the same reason, until another time: {changes.other_end:,}."
    for title, belongs in KINDS:
        found = [(change, n) for change, n in changes.candidates.most_common() if belongs(change)]
        if found:
            yield ""
            yield f"{title}: {sum(n for _, n in found):,}"
            yield _changes_table(found, changes.examples)
    yield from _most("Categories, shown no more", changes.stopped, "(no category)")
    yield from _most("Categories, shown again", changes.let_through, "(no category)")
    yield from _most("Persons with the most changes", changes.persons, "")


def _changes_table(
    found: Sequence[tuple[Change, int]], examples: Mapping[Change, Sequence[Example]]
) -> Table:
    made = table("before", "after", "candidates", "for example", numbers=("candidates",))
    for change, count in found:
        first, *others = map(_example, examples[change])
        made.add_row(*change, f"{count:,}", first)
        for other in others:
            made.add_row("", "", "", other)
    return made


def _example(example: Example) -> str:
    shown = f"{example.product_id} to {example.user_id}"
    return f"{shown}, {utc(example.ts)}, request {example.request_id}"


def _most(title: str, counts: Counter[str], nameless: str) -> Iterator[str | Table]:
    if not counts:
        return
    made = table("", "candidates", numbers=("candidates",))
    made.show_header = False
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ROWS]:
        made.add_row(f"  {name or nameless}", f"{count:,}")
    yield ""
    more = len(counts) - MOST_ROWS
    yield title + (f", and {more:,} more" if more > 0 else "") + ":"
    yield made


def _as_json(comparison: Comparison, names: Sequence[str]) -> dict[str, Any]:
    """The same as data."""
    return {
        "requests": comparison.requests,
        "policies": [
            {"policy": name, "candidates": dict(sorted(answers.items()))}
            for name, answers in zip(names, comparison.answers, strict=True)
        ],
        "changes": [
            _changes_as_json(name, changes)
            for name, changes in zip(names[1:], comparison.changes, strict=True)
        ],
    }


def _changes_as_json(name: str, changes: Changes) -> dict[str, Any]:
    return {
        "policy": name,
        "requests": changes.requests,
        "other_end": changes.other_end,
        "candidates": [
            {
                "before": before,
                "after": after,
                "count": count,
                "examples": [
                    to_builtins(example._asdict()) for example in changes.examples[before, after]
                ],
            }
            for (before, after), count in sorted(changes.candidates.items())
        ],
        "shown_no_more_by_category": dict(sorted(changes.stopped.items())),
        "shown_again_by_category": dict(sorted(changes.let_through.items())),
        "by_person": dict(sorted(changes.persons.items())),
    }
