"""`unhaunt demo`."""

import os
import signal
import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from schemas.outputs import Decision, SuppressedCandidate, SuppressionList
from streams.commands.files import Force, check_outputs, records_file
from streams.commands.policies import policy_in_force
from streams.commands.recordings import readable
from streams.commands.summaries import add_candidates, followed_lines
from streams.commands.terminal import standard_error, standard_output, table
from streams.recording.summary import Summary
from streams.wording import counted

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt demo\n\n"
    "  unhaunt demo recording.jsonl.zst --policy policy.toml\n\n"
    "  unhaunt demo --keep"
)
LATEST: Final = 6
"""How many of the latest answers are shown."""


class View:
    """What is to be seen while the demo runs: where it is, what is suppressed, and why."""

    def __init__(self) -> None:
        self._step = ""
        self._summary = Summary()
        self._latest: deque[tuple[str, SuppressedCandidate]] = deque(maxlen=LATEST)

    def step(self, what: str, done: int, total: int) -> None:
        """Note how far a step is."""
        self._step = f"{what}: {done:,} of {total:,}"

    def decided(self, decisions: Sequence[Decision], summary: Summary) -> None:
        """Note decisions that have come."""
        self._summary = summary
        for decision in decisions[-200:]:
            for answer in decision.suppressed[:1]:
                self._latest.append((decision.user_id, answer))

    def __rich__(self) -> Group:
        """Draw it."""
        latest = table("person", "product", "why not", "until")
        for person, answer in self._latest:
            latest.add_row(person, answer.product_id, answer.reason, _day(answer.until))
        return Group(Text(self._step, style="bold"), _counts(self._summary), Text(), latest)


def demo(
    recording: Annotated[
        Path | None,
        typer.Argument(
            metavar="RECORDING",
            help="A recording, .jsonl or .ndjson, also compressed as .gz, .xz or .zst; - for "
            "standard input; a built-in simulation when none is named.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="Policy file. Else the built-in recording brings its own, and for another one "
            "UNHAUNT_POLICY or the default holds.",
        ),
    ] = None,
    decisions: Annotated[
        str | None,
        typer.Option(
            "--decisions", metavar="FILE", help="Write the decisions, as JSON Lines, or Parquet."
        ),
    ] = None,
    lists: Annotated[
        str | None,
        typer.Option(
            "--lists", metavar="FILE", help="Write the final lists, as JSON Lines, or Parquet."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave all running until Ctrl-C, to look around.")
    ] = False,
    force: Force = False,
) -> None:
    """See the whole thing work, with nothing installed but Unhaunt.

    Starts a Kafka-compatible broker of its own on a free port, creates the topics, starts a
    worker, replays the recording, and shows live what is suppressed and why. It ends by itself
    with a summary, and leaves nothing behind.
    """
    inputs = [] if recording is None else [str(recording)]
    check_outputs(inputs, {"--decisions": decisions, "--lists": lists}, force=force)
    sources = readable(inputs)
    # Kafka takes a while to import, which no other command should wait for.
    from streams.demo.demo import Demo, wait_for_interrupt  # noqa: PLC0415
    from streams.recording.files import json_line, output_line, read  # noqa: PLC0415
    from streams.recording.simulated import DEMO_POLICY, simulate  # noqa: PLC0415

    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, _interrupt)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unhaunt-demo-")))
        chosen = folder / "policy.toml"
        if recording is None and policy is None:
            chosen.write_text(DEMO_POLICY, encoding="utf-8")
        else:
            chosen.write_bytes(_policy_text(policy))
        view = View()
        console = standard_error()
        if console.is_terminal:
            stack.enter_context(Live(view, console=console, refresh_per_second=4, transient=True))
        else:
            console.print("The demo runs: a broker, a worker, a recording. Its summary follows.")
        records = read(sources) if sources else simulate()
        run = Demo(records, chosen, folder, stack)
        run.run(view)
        final = run.lists() if lists else {}
        with (
            records_file(decisions, Decision) as write_decision,
            records_file(lists, SuppressionList) as write_list,
        ):
            for decision in run.decisions:
                write_decision(output_line(decision))
            for _, suppression_list in sorted(final.items()):
                if suppression_list is not None:
                    write_list(json_line(suppression_list))
        _print_summary(run)
        if keep:
            _print_whereabouts(run, folder)
            wait_for_interrupt(folder / "worker.log")


def _policy_text(path: Path | None) -> bytes:
    policy_in_force(path)  # says what is wrong with it before anything is started
    named = path or os.environ.get("UNHAUNT_POLICY")
    return Path(named).read_bytes() if named else b""


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _counts(summary: Summary) -> Table:
    made = table("", "count", numbers=("count",))
    made.show_header = False
    add_candidates(made, summary)
    return made


def _print_summary(run: Any) -> None:
    console = standard_output()
    made = _counts(run.summary)
    made.add_section()
    made.add_row(
        "Events/s, one worker, broker on the same machine", f"{run.events_per_second:,.0f}"
    )
    for reader, latency in (
        ("that reads at once", run.visible),
        ("that waits for the checkpoint", run.committed),
    ):
        if latency is not None:
            made.add_row(f"Request to decision, p50 / p99, for a reader {reader}", _times(latency))
    console.print(made)
    if run.second_device is not None:
        console.print(_second_device_line(run.second_device))
    for line in followed_lines(run.summary):
        console.print(line)


def _second_device_line(devices: Any) -> str:
    return (
        f"A purchase on a phone was on the list of the laptop {_times(devices.latency)} later "
        f"(p50 / p99, {devices.stopped} people), and its ad was stopped there."
    )


def _times(latency: Any) -> str:
    return f"{latency.p50:,.1f} / {latency.p99:,.1f} ms"


def _print_whereabouts(run: Any, folder: Path) -> None:
    standard_output().print(
        f"\nAll of it goes on until Ctrl-C: a broker at {run.settings.kafka.brokers} with "
        f"{counted(run.partitions, 'partition')} a topic, and a worker whose log is "
        f"{folder}/worker.log.\n"
        f"For example: UNHAUNT_BROKERS={run.settings.kafka.brokers} unhaunt topics check"
    )


def _day(until: int | None) -> str:
    if until is None:
        return "undone"
    return datetime.fromtimestamp(until / 1000, UTC).date().isoformat()
