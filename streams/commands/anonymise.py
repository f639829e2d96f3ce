"""`unhaunt anonymise`."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from streams.commands.files import Force, check_outputs
from streams.commands.policies import policy_in_force
from streams.commands.recordings import Recordings, readable
from streams.commands.summaries import anonymised_table
from streams.commands.terminal import progress_bar, standard_error, tell_if_empty
from streams.errors import UserError
from streams.owner_only import others_may_read
from streams.recording.anonymising import LONGEST_KEY, SHORTEST_KEY, Anonymiser, homes_of
from streams.recording.files import Writer, read
from streams.recording.sources import total_size

MOST_BYTES: Final = 1 << 20
"""So much of a file is read before it is clear that it holds no key."""
KEY_VARIABLE: Final = "UNHAUNT_ANONYMISE_KEY"
HOW_TO_MAKE_ONE: Final = "`openssl rand -hex 32` makes one"

EXAMPLES: Final = (
    "Examples:\n\n"
    "  (umask 077; openssl rand -hex 32 > anonymise.key)\n\n"
    "  unhaunt anonymise march.jsonl.zst --key-file anonymise.key -o shared.jsonl.zst\n\n"
    "  UNHAUNT_ANONYMISE_KEY=$(openssl rand -hex 32) unhaunt anonymise march.jsonl -o shared.jsonl"
    "      a key that nobody has"
)


def anonymise(
    recordings: Recordings,
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Recording to write, .jsonl or .jsonl.zst."
        ),
    ],
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"File with the key, {SHORTEST_KEY} to {LONGEST_KEY} bytes, instead of "
            f"{KEY_VARIABLE}.",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Replace the ids in recordings by keyed hashes, so that they can be shared as test cases.

    One id becomes one hash wherever it stands, and each record stays in its place: a backtest
    decides the same on the result, under other names. Replaced are the ids of persons, orders,
    events, requests, impressions, products and groups, and the names of brands, advertisers,
    sites and sources. Times, prices, quantities, categories and the words of the contract stay.
    Left out, and counted, are fields that the contract does not name, headers, and topics that
    are no input; a record that breaks the contract becomes one without content that breaks it in
    the same way. Ids that are nobody's stay as they are: those in identity.blocked of the policy
    that UNHAUNT_POLICY names.

    With the same key the same ids become the same hashes, as far as the recordings have as many
    partitions. Whoever has the key can find out which hash an id became, so keep it to yourself,
    or throw it away. What people did when stays to be seen: who knows that of somebody can
    recognise them.
    """
    key = _key(key_file)
    policy, _ = policy_in_force(None)
    check_outputs(recordings, {"-o": output}, force=force)
    sources = readable(recordings)
    with progress_bar("Reading", total_size(sources)) as advance:
        homes = homes_of(read(sources, advance))
    anonymiser = Anonymiser(key, homes, policy)
    with Writer(output) as writer, progress_bar("Writing", total_size(sources)) as advance:
        for record in read(sources, advance):
            anonymous = anonymiser.anonymise(record)
            if anonymous is not None:
                writer.write(anonymous)
    counts = anonymiser.counts
    tell_if_empty(sources, counts.written.total() + counts.topics.total())
    standard_error().print(anonymised_table(counts))


def _key(path: Path | None) -> bytes:
    """The key. Raises `UserError` when there is none that can be used."""
    if path is not None:
        try:
            with path.open("rb") as file:
                key = file.read(MOST_BYTES).rstrip(b"\r\n")
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
        source = str(path)
    else:
        if KEY_VARIABLE not in os.environ:
            raise UserError(
                f"No key: name its file in --key-file or set {KEY_VARIABLE}; {HOW_TO_MAKE_ONE}."
            )
        key, source = os.fsencode(os.environ[KEY_VARIABLE]), KEY_VARIABLE
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise UserError(
            f"{source}: expected a key of {SHORTEST_KEY} to {LONGEST_KEY} bytes, got {len(key)}; "
            f"{HOW_TO_MAKE_ONE}."
        )
    if path is not None and others_may_read(path):
        standard_error().print(
            f"Note: others may read {path}, and with it find out whose hashes these are. "
            f"`chmod 600 {path}` keeps it to you."
        )
    return key
