"""Small recordings that tell a story each, with the decisions and lists that follow from it.

A case is a folder: `policy.toml` (its comment tells the story), `recording.jsonl`, and what is
expected of them, `decisions.jsonl` and `lists.jsonl`. `python -m tests.golden` writes the latter
two anew: do so after a change of the rules, and read the difference.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from streams.recording.backtest import Backtest
from streams.recording.files import read
from streams.suppression.policy import Policy

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/recording.jsonl"))


def outcome(case: Path) -> dict[str, bytes]:
    """The contents of the expected files, as they come out now."""
    run = Backtest(Policy.from_toml((case / "policy.toml").read_text()))
    decisions = list(run.run(read([case / "recording.jsonl"])))
    lists = sorted(run.lists(), key=lambda each: each["user_id"])
    return {"decisions.jsonl": _lines(decisions), "lists.jsonl": _lines(lists)}


def _lines(values: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE) for value in values)
