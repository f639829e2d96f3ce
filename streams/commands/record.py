"""`unhaunt record`."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

import typer

from schemas.topics import RECORDABLE
from streams import logs
from streams.commands.errors import INTERRUPTED
from streams.commands.signals import stop_asked_for
from streams.commands.summaries import records_table
from streams.commands.terminal import ASKING, busy, progress_bar, standard_error
from streams.commands.times import milliseconds_of
from streams.commands.topic_choice import ChosenTopics, chosen_topics
from streams.errors import UserError
from streams.recording.live.resumable import ResumableFile
from streams.recording.live.wanted import OffsetRange, Wanted
from streams.settings import Settings
from streams.wording import counted

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt record -o all.jsonl.zst\n\n"
    "  unhaunt record --from 2026-11-14 --to 2026-11-21 -o week.jsonl.zst\n\n"
    "  unhaunt record --user u1 --topic purchases --topic decisions -o u1.jsonl\n\n"
    "  unhaunt record --offsets purchases/3/100-200 -o some.jsonl\n\n"
    "  unhaunt record --continuous -o live.jsonl.zst"
)


def record(
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="RECORDING",
            help="Recording to write, .jsonl or .jsonl.zst (compressed).",
        ),
    ],
    topic: ChosenTopics = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Only records with this timestamp or a later one: an ISO time (UTC unless it says "
            "otherwise) or epoch milliseconds.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Only records with an earlier timestamp."),
    ] = None,
    offsets: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RANGE",
            help="Only these offsets: TOPIC/PARTITION/FIRST-LAST, such as purchases/3/100-200; "
            "without FIRST or LAST as far as there are any.",
        ),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this person's records, and the whole catalog."),
    ] = None,
    users: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Only the records of these persons, one id a line."),
    ] = None,
    continuous: Annotated[
        bool,
        typer.Option(
            "--continuous/--until-end",
            help="Go on with what is yet to come, until Ctrl-C or SIGTERM; or stop where the "
            "topics end now.",
        ),
    ] = False,
    keep_offsets: Annotated[
        bool,
        typer.Option(
            "--keep-offsets",
            help="Write the offset of each record too. A replay cannot give offsets back.",
        ),
    ] = False,
) -> int:
    """Write topics of a cluster into a recording: to replay them, or to try policies on them.

    Keys, values and headers are kept byte for byte, with timestamps and partitions; only what is
    committed is recorded. The lines are in the order of time, so the same records make the same
    file. `--topic`, `--offsets` and `--user` may be given more than once. With `--to` too, the
    topics are read to their end, as records may lie there late.

    An interrupted recording loses nothing: until it is finished it lies in RECORDING.part, with
    RECORDING.progress beside it, and the same command goes on exactly where it was. A continuous
    one that was stopped is finished, and can be gone on with in the same way.
    """
    wanted = Wanted(
        topics=chosen_topics(topic, RECORDABLE),
        ranges=_ranges(offsets or ()),
        since=None if since is None else milliseconds_of(since, "--from"),
        until=None if until is None else milliseconds_of(until, "--to"),
        persons=_persons(user or (), users),
        is_continuous=continuous,
        has_offsets=keep_offsets,
    )
    _refuse_contradictions(wanted)
    from streams.recording.live.recorder import Recorder  # noqa: PLC0415 -- slow to import

    settings = Settings.from_environment(os.environ)
    if continuous:
        logs.set_up(settings.log_level)
    console = standard_error()
    with stop_asked_for() as stop, ResumableFile(output) as file:
        with busy(ASKING):
            recorder = Recorder(settings, wanted, file)
        if recorder.goes_on:
            console.print(f"Going on behind {counted(recorder.written.total(), 'record')}.")
        then = "Recording what comes, until Ctrl-C" if continuous else ""
        with progress_bar("Recording", recorder.offsets, then) as advance:
            is_finished = recorder.run(advance, stop)
    if not is_finished:
        console.print(
            f"Interrupted after {counted(recorder.written.total(), 'record')}. The same command "
            f"goes on there, by {file.part} and {file.progress_file}."
        )
        return INTERRUPTED
    _show(recorder.written, output)
    return 0


def _ranges(texts: Sequence[str]) -> tuple[OffsetRange, ...]:
    """Raises `UserError` for what is no range, and for a partition that is named twice."""
    ranges = []
    for text in texts:
        found = re.fullmatch(r"([a-z-]+)/(\d{1,9})/(\d{0,18})-(\d{0,18})", text)
        if found is None or found[1] not in RECORDABLE:
            raise UserError(
                "--offsets: expected TOPIC/PARTITION/FIRST-LAST, such as purchases/3/100-200, got "
                f"'{text}'"
            )
        first, last = (int(number) if number else None for number in found.group(3, 4))
        ranges.append(OffsetRange(found[1], int(found[2]), first, last))
    ranges.sort(key=lambda each: (each.topic, each.partition))
    for one, other in pairwise(ranges):
        if (one.topic, one.partition) == (other.topic, other.partition):
            raise UserError(f"--offsets: {one} and {other} are of one partition; join them.")
    return tuple(ranges)


def _persons(named: Sequence[str], file: Path | None) -> frozenset[str]:
    """Raises `UserError` for a file that is not text or names nobody."""
    if file is None:
        return frozenset(named)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: expected ids in UTF-8, one a line.") from error
    listed = {line.strip() for line in lines} - {""}
    if not listed:
        raise UserError(f"{file}: expected ids, one a line, found none.")
    return frozenset(named) | listed


def _refuse_contradictions(wanted: Wanted) -> None:
    if wanted.ranges and (wanted.topics or wanted.since is not None or wanted.until is not None):
        raise UserError(
            "--offsets says already what of which topics; leave --topic, --from and --to away."
        )
    if wanted.is_continuous and (wanted.ranges or wanted.until is not None):
        raise UserError("--continuous has no end; leave --to and --offsets away.")
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise UserError("--from: expected a time before that of --to.")


def _show(written: Counter[str], output: str) -> None:
    console = standard_error()
    console.print(records_table("Records written", written))
    console.print(f"Written to {output}. Next: unhaunt backtest {output}")
