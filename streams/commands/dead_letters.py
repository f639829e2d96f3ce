"""`unhaunt dead-letters …`."""

import os
import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any, Final, get_args

import orjson
import typer

from schemas.outputs import ErrorCode
from schemas.topics import TOPICS
from streams.commands.dead_letter_views import (
    Newest,
    as_json,
    description,
    letters_table,
    summary,
)
from streams.commands.files import STANDARD_OUTPUT, whole_file
from streams.commands.terminal import (
    ASKING,
    busy,
    progress_bar,
    standard_error,
    standard_output,
)
from streams.dead_letters.letter import LetterId, Selection
from streams.errors import UserError
from streams.plain_text import print_plain
from streams.settings import Settings

group = typer.Typer(
    name="dead-letters",
    no_args_is_help=True,
    help="The records that broke the contract: list them, look at one, send them back.",
)

UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

Errors = Annotated[
    list[str] | None,
    typer.Option(
        "--error", metavar="CODE", help=f"Only with this code: {', '.join(get_args(ErrorCode))}."
    ),
]
Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", metavar="NAME", help="Only from this input topic, such as purchases."),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Only written since then: an ISO time (UTC unless it says otherwise), or how long "
        "ago, such as 90s, 30m, 2h or 7d.",
    ),
]


@group.command(
    "list",
    epilog=(
        "Examples:\n\n"
        "  unhaunt dead-letters list\n\n"
        "  unhaunt dead-letters list --topic purchases --error wrong_type --since 2h\n\n"
        "  unhaunt dead-letters list --since 2026-11-21T08:00 --limit 0 --json > letters.jsonl"
    ),
)
def list_(
    error: Errors = None,
    topic: Topics = None,
    since: Since = None,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="Show at most the newest N; 0 for all.")
    ] = 50,
    keys: Annotated[
        bool, typer.Option("--keys", help="Show keys as well, which are the ids of people.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Write JSON Lines rather than a table.")
    ] = False,
) -> None:
    """List the dead letters, the newest last, and count all that are meant by their code.

    LETTER is a letter's place on the topic of the dead letters, by which `show` finds it. Topic,
    partition and offset say where the record itself was found. `--error` and `--topic` may be
    given more than once.
    """
    from streams.dead_letters.reader import DeadLetters  # noqa: PLC0415 -- slow to import

    settings = Settings.from_environment(os.environ)
    selection = _selection(settings, error, topic, since)
    with busy(ASKING):
        letters = DeadLetters(settings)
    totals: Counter[str] = Counter()
    newest = Newest(limit)
    with progress_bar("Reading", letters.records) as advance:
        for letter in letters.read(selection, advance):
            totals[letter.found.error] += 1
            newest.add(letter)
    if json:
        with whole_file(STANDARD_OUTPUT) as write:
            for letter in newest.in_order():
                write(orjson.dumps(as_json(letter, keys)) + b"\n")
    elif totals:
        standard_output().print(letters_table(newest.in_order(), keys))
    console = standard_error() if json else standard_output()
    console.print(summary(totals, len(newest), letters.foreign))


@group.command(
    "show",
    epilog=(
        "Examples:\n\n"
        "  unhaunt dead-letters show 3/17\n\n"
        "  unhaunt dead-letters show 3/17 --raw > value.json"
    ),
)
def show(
    letter: Annotated[
        str,
        typer.Argument(metavar="LETTER", help="Its place, as `list` shows it: PARTITION/OFFSET."),
    ],
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the bytes of the value and nothing else.")
    ] = False,
) -> None:
    """Show one dead letter: what was wrong, where it was found, its key, headers and value.

    LETTER is its place on the topic of the dead letters. What is no plain text is shown as in
    Python, b'…', in which every byte can be told.
    """
    from streams.dead_letters.reader import DeadLetters  # noqa: PLC0415 -- slow to import

    letter_id = _letter_id(letter)
    with busy(ASKING):
        found = DeadLetters(Settings.from_environment(os.environ)).find(letter_id)
    if raw:
        sys.stdout.buffer.write(found.value or b"")
        sys.stdout.buffer.flush()
        return
    for line in description(found):
        print_plain(line)


@group.command(
    "replay",
    epilog=(
        "Examples:\n\n"
        "  unhaunt dead-letters replay --dry-run\n\n"
        "  unhaunt dead-letters replay --topic purchases --since 2h --yes"
    ),
)
def replay(
    error: Errors = None,
    topic: Topics = None,
    since: Since = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be replayed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send dead letters back to where they came from, once what was wrong has been put right.

    Each record goes to the topic and the partition in which it was found, with its key, value,
    timestamp and own headers. A record that the decoders of this version still refuse is left
    where it is, and one that was replayed before is not sent again: so this can be run after
    each fix. Those of the catalog go back only with `--topic catalog`, as they would take the
    place of newer ones. A worker takes a replayed record as one that has come late: decisions that
    were made stand.
    """
    from streams.dead_letters.replay import (  # noqa: PLC0415 -- slow to import
        DeadLetterReplay,
        Fate,
    )

    settings = Settings.from_environment(os.environ)
    selection = _selection(settings, error, topic, since)
    with busy(ASKING):
        job = DeadLetterReplay(settings, selection)
    fates: Counter[Fate] = Counter()
    newest = Newest(50)
    with progress_bar("Reading", job.letters.records) as advance:
        for letter, fate in job.fates(advance):
            fates[fate] += 1
            if fate is Fate.SENT:
                newest.add(letter)
    fit = fates.pop(Fate.SENT, 0)
    if dry_run and fit:
        print_plain("Would be replayed:" if fit == len(newest) else f"Of {fit:,}, the newest:")
        standard_output().print(letters_table(newest.in_order(), keys=False))
    print_plain(f"Fit to be replayed: {fit:,}")
    _print_fates(fates)
    if dry_run or not fit or not (yes or is_wanted(fit)):
        return
    with progress_bar("Replaying", job.letters.records) as advance:
        sent = job.send(advance)[Fate.SENT]
    print_plain(f"Replayed: {sent:,}")


def _selection(
    settings: Settings, errors: list[str] | None, topics: list[str] | None, since: str | None
) -> Selection:
    """Raises `UserError` for what is no code, no input topic, or no time."""
    inputs = {topic.name for topic in TOPICS.values() if topic.direction == "in"}
    named = {name.removeprefix(settings.topic_prefix) for name in topics or ()}
    for value, known, option in (
        *((code, get_args(ErrorCode), "--error") for code in errors or ()),
        *((name, inputs, "--topic") for name in sorted(named)),
    ):
        if value not in known:
            raise UserError(f"{option}: expected one of {', '.join(sorted(known))}, got '{value}'")
    return Selection(
        frozenset(errors or ()),
        frozenset(map(settings.topic, named)),
        None if since is None else milliseconds(since, time.time()),
    )


def milliseconds(text: str, now: float) -> int:
    """The time that is meant, in epoch milliseconds; `now` is in seconds."""
    if ago := re.fullmatch(r"(\d+)([smhd])", text):
        return int(1000 * (now - int(ago[1]) * UNIT_SECONDS[ago[2]]))
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return int(1000 * moment.timestamp())
    except (ValueError, OverflowError):
        raise UserError(
            "--since: expected an ISO time such as 2026-11-21T08:00, or how long ago, such as 90s, "
            f"30m, 2h or 7d, got '{text}'"
        ) from None


def _letter_id(text: str) -> LetterId:
    found = re.fullmatch(r"(\d{1,9})/(\d{1,18})", text)
    if found is None:
        raise UserError(
            f"{text}: expected the place of a dead letter, PARTITION/OFFSET such as 3/17, as "
            "`unhaunt dead-letters list` shows it"
        )
    return LetterId(int(found[1]), int(found[2]))


def _print_fates(fates: "Counter[Any]") -> None:
    for fate, count in fates.most_common():
        print_plain(f"Left where they are, {fate}: {count:,}")


def is_wanted(letters: int) -> bool:
    """Ask the person. Raises `UserError` when there is nobody to ask."""
    if not sys.stdin.isatty():
        raise UserError(
            "Nothing was replayed: nobody is there to ask. --yes replays without asking, "
            "--dry-run only shows."
        )
    try:
        return typer.confirm(f"Send {letters:,} back to where they came from?")
    except typer.Abort:  # Ctrl-C, or the end of the input
        print_plain()
        return False
