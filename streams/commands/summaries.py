"""Summaries for people: tables and sentences about a run or an import."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Table

from schemas.topics import RECORDABLE
from streams.commands.terminal import table
from streams.recording.anonymising import AnonymisedCounts
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.followed import Followed
from streams.recording.importing.rows import ImportSummary
from streams.recording.summary import Summary
from streams.suppression.words import REASONS


def backtest_table(counts: BacktestCounts, summary: Summary, seconds: float) -> Table:
    """All that a backtest counted. Every record is in one of joined, decided, dead and ignored."""
    made = _counts_table()
    records = counts.all_records
    _section(made, "Records", records, _by_topic(counts.records))
    _section(
        made,
        "What became of them",
        None,
        {
            "catalog products": counts.products,
            "joined as evidence": counts.joined,
            "decided": counts.decided,
            **{f"dead: {code}": count for code, count in sorted(counts.dead.items())},
            **{f"ignored: topic {name}": count for name, count in sorted(counts.ignored.items())},
            "rerouted before that": counts.rerouted,
            **{
                f"id of an event with other content: {topic}": count
                for topic, count in sorted(counts.contradictions.items())
            },
            **{
                f"too many of one person, forgotten: {kind}": count
                for kind, count in sorted(counts.forgotten.items())
            },
        },
    )
    kinds = Counter[str]()
    for (_, _, kind), count in counts.notes.counts.items():
        kinds[kind.replace("_", " ")] += count
    if kinds:
        _section(made, "Fields of other formats that did not count as they stand", None, kinds)
    add_candidates(made, summary)
    lists = summary.lists
    _section(
        made,
        "Persons with evidence",
        lists.persons,
        {"with a list": lists.current, "entries on the lists": lists.entries},
    )
    made.add_section()
    made.add_row("Seconds", f"{seconds:,.1f}")
    made.add_row("Events/s", f"{records / seconds:,.0f}" if seconds else "")
    return made


def backtest_figures(version: str, counts: BacktestCounts, summary: Summary) -> dict[str, Any]:
    """The same as plain JSON data, but for how long it took."""
    return {
        "policy": version,
        "records": _by_topic(counts.records),
        "products": counts.products,
        "joined": counts.joined,
        "decided": counts.decided,
        "dead": dict(sorted(counts.dead.items())),
        "ignored": dict(sorted(counts.ignored.items())),
        "rerouted": counts.rerouted,
        "contradictions": dict(sorted(counts.contradictions.items())),
        "forgotten": dict(sorted(counts.forgotten.items())),
        "notes": counts.notes.ranked(),
        "requests": summary.requests,
        "candidates": summary.candidates,
        "allowed": summary.allowed,
        "ghosted": dict(_ranked(summary.ghosted)),
        "suppressed": dict(_ranked(summary.suppressed)),
        "lists": asdict(summary.lists),
        "followed": {
            "ordered": _figures(summary.ordered),
            "removed": _figures(summary.removed),
            "ordered_or_removed": _figures(summary.ordered_or_removed),
        },
    }


def add_candidates(made: Table, summary: Summary) -> None:
    """Add what became of the candidates of all requests to a table of two columns."""
    _section(made, "Requests", summary.requests, {})
    _section(
        made,
        "Candidates",
        summary.candidates,
        {
            "allowed": summary.allowed,
            **{f"  ghosted: {reason}": count for reason, count in _ranked(summary.ghosted)},
            "suppressed": summary.suppressed.total(),
            **{f"  {reason}": count for reason, count in _ranked(summary.suppressed)},
        },
    )


def followed_lines(summary: Summary) -> Iterator[str]:
    """What would have followed people, and how much of it was stopped, in sentences."""
    for done, followed in (
        ("ordered", summary.ordered),
        ("removed from the cart", summary.removed),
        ("ordered or removed from the cart", summary.ordered_or_removed),
    ):
        yield f"Ads for what the person had {done}, variants too: {_followed(followed)}"


def import_table(summary: ImportSummary) -> Table:
    """What an import wrote and what it left out."""
    made = _counts_table()
    _section(made, "Rows read", summary.rows, {})
    written = summary.written
    _section(made, "Records written", written.total(), _by_topic(written))
    if summary.skipped:
        _section(made, "Left out", None, dict(sorted(summary.skipped.items())))
    return made


def anonymised_table(counts: AnonymisedCounts) -> Table:
    """What was written of a recording without ids, and what was left out."""
    made = _counts_table()
    written = counts.written
    _section(made, "Records written", written.total(), _by_topic(written))
    dead = {f"dead: {code}": count for code, count in sorted(counts.stand_ins.items())}
    if dead:
        _section(made, "Of these without their content", counts.stand_ins.total(), dead)
    left_out = {f"records of the topic {name}": n for name, n in sorted(counts.topics.items())}
    if counts.fields:
        left_out["fields that the contract does not name"] = counts.fields
    if counts.headers:
        left_out["headers"] = counts.headers
    if left_out:
        _section(made, "Left out", None, left_out)
    return made


def records_table(title: str, records: Counter[str]) -> Table:
    """How many records there are of each topic."""
    made = _counts_table()
    _section(made, title, records.total(), _by_topic(records))
    return made


def _followed(followed: Followed) -> str:
    """How many, and what adds up to that."""
    if not followed.wanted:
        return "0."
    parts = [f"{followed.stopped:,} stopped ({followed.stopped_percent:.2f} %)"]
    if followed.ghosted:
        parts.append(f"{followed.ghosted:,} let through for the holdout")
    if followed.let_through:
        parts.append(f"{followed.let_through:,} let through by the policy")
    return f"{followed.wanted:,}, of these {', '.join(parts)}."


def _figures(followed: Followed) -> dict[str, int]:
    return {**asdict(followed), "let_through": followed.let_through}


def _counts_table() -> Table:
    made = table("", "count", numbers=("count",))
    made.show_header = False
    return made


def _section(made: Table, title: str, total: int | None, rows: Mapping[str, int]) -> None:
    made.add_section()
    made.add_row(title, "" if total is None else f"{total:,}", style="bold")
    for name, count in rows.items():
        made.add_row(f"  {name}", f"{count:,}")


def _by_topic(counts: Counter[str]) -> dict[str, int]:
    return {topic: counts[topic] for topic in RECORDABLE if counts[topic]}


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return [(reason, counts[reason]) for reason in REASONS if counts[reason]]
