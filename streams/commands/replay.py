"""`unhaunt replay`."""

import os
from collections import Counter
from math import inf
from typing import Annotated, Final

import typer

from schemas.topics import SHARES, TOPICS
from streams.commands.errors import INTERRUPTED
from streams.commands.recordings import Recordings, readable
from streams.commands.signals import stop_asked_for
from streams.commands.terminal import progress_bar, standard_error
from streams.commands.times import utc
from streams.commands.topic_choice import ChosenTopics, chosen_topics
from streams.errors import UserError
from streams.plain_text import print_plain
from streams.recording.sources import total_size
from streams.settings import Settings
from streams.wording import counted

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt replay recording.jsonl.zst\n\n"
    "  UNHAUNT_TOPIC_PREFIX=trial. unhaunt replay week.jsonl.zst --speed 60\n\n"
    "  unhaunt replay recording.jsonl --topic purchases --by-key"
)


def replay(
    recordings: Recordings,
    topic: ChosenTopics = None,
    speed: Annotated[
        float,
        typer.Option(
            metavar="N",
            show_default=False,
            help="Let time pass N times as fast as when it was recorded: 1 is as it was, 60 a "
            "minute in a second. Without it as fast as possible.",
        ),
    ] = inf,
    by_key: Annotated[
        bool,
        typer.Option(
            "--by-key",
            help="Place records by their keys, as Kafka's own clients do, for topics with another "
            "number of partitions than was recorded; without it each goes where it was.",
        ),
    ] = False,
    append: Annotated[
        bool, typer.Option("--append", help="Also put them onto topics that have records.")
    ] = False,
) -> int:
    """Put a recording back onto the topics of a cluster.

    Keys, values, headers and timestamps are what they were, and so are the partitions: recording
    the replay gives the same recording. The catalog comes first, then the rest in its order. The
    topics must be there (`unhaunt topics apply`) and, unless --append is given, without records.
    `--topic` may be given more than once. For the decisions of a backtest, start the worker
    behind a replay: what is asked live is answered as of then.
    """
    if not speed > 0:
        raise UserError(f"--speed: expected a number above 0, got {speed:g}")
    chosen = frozenset(chosen_topics(topic, TOPICS))
    from streams.recording.live.replaying import RecordingReplay  # noqa: PLC0415 -- slow to import

    settings = Settings.from_environment(os.environ)
    console = standard_error()
    sources = readable(recordings)
    with progress_bar("Reading", total_size(sources)) as advance:
        job = RecordingReplay(
            settings,
            sources,
            chosen,
            is_by_key=by_key,
            joins_others=append,
            advance=advance,
        )
    for notice in job.notices:
        console.print(f"Note: {notice}")
    with stop_asked_for() as stop, progress_bar("Replaying", job.total) as advance:
        sent = job.send(speed, advance, stop)
    if sent.records < job.total:
        last = "" if sent.newest is None else f", up to {utc(sent.newest)}"
        console.print(
            f"Interrupted: {sent.records:,} of {counted(job.total, 'record')} are on the "
            f"topics{last}."
        )
        return INTERRUPTED
    print_plain(f"Replayed: {sent.records:,}")
    _print_left_out(job.left_out)
    return 0


def _print_left_out(left_out: "Counter[str]") -> None:
    for name, count in sorted(left_out.items()):
        how = "with --topic only" if name in TOPICS else "no topic of Unhaunt's"
        if name == SHARES:
            how = "workers share anew"
        print_plain(f"Left where they are, {name}, {how}: {count:,}")
