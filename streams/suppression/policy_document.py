"""The policy as people write it: defaults, what each key may hold, and what is wrong with a file.

The defaults and the tables are those of SPEC 4, and `[stale]` beside them.
"""

import difflib
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from streams.suppression.words import CHANNELS, REASONS, SCOPES

OPEN_DAYS: Final = 14
"""For how long a replenished product reopens when neither entry nor table says (SPEC 4)."""

LONGEST_DAYS: Final = 1_000_000
"""No length may exceed this, so that every end stays a 64-bit number of milliseconds."""

LONGEST_SECONDS: Final = 1_000_000_000
"""An age that no copy of a list comes to."""

LONGEST_VERSION: Final = 100
"""Characters of a version, which stands in every decision and list."""

MOST_DOTS: Final = 8
"""In one key, of which the policy's own have 3 at most: what a key costs tomllib grows with the
square of its parts, and 64 kB of them cost all memory."""

MOST_PROBLEMS: Final = 50
"""So many of a file's mistakes are named."""

_TEXT_OR_COMMENT: Final = re.compile(
    r'"""(?s:\\.|.)*?(?:"{3,5}|\Z)|"(?:\\.|[^"\\\n])*"?|'
    r"'''(?s:.)*?(?:'{3,5}|\Z)|'[^'\n]*'?|#.*"
)
"""As TOML has them. What is not closed ends where the text ends or the line does."""


class PolicyError(ValueError):
    """A policy that cannot be used; the message names each key, its value and what was expected."""


def _dismissal(scope: str, days: int, price_drop: bool = False) -> dict[str, Any]:
    return {"scope": scope, "days": days, "price_drop": price_drop}


def _stale(seconds: int, fails: str) -> dict[str, Any]:
    return {"seconds": seconds, "fails": fails}


DEFAULTS: Final[Mapping[str, Any]] = {
    "version": "default",
    "purchase": {"scope": "group", "window_days": 180, "category": {}},
    "dismissal": {
        "opt_out_all": _dismissal("all", 0),
        "sensitive_topic": _dismissal("category", 0),
        "inappropriate": _dismissal("category", 365),
        "spam_or_misleading": _dismissal("advertiser", 365),
        "block_advertiser": _dismissal("advertiser", 0),
        "block_brand": _dismissal("brand", 0),
        "block_category": _dismissal("category", 0),
        "already_bought": _dismissal("group", 180),
        "not_interested": _dismissal("group", 90, price_drop=True),
        "removed_from_cart": _dismissal("product", 14, price_drop=True),
        "seen_too_often": _dismissal("group", 30),
    },
    "frequency": {"scope": "group", "max": 7, "days": 7},
    "follow": {"days": 21},
    "quiet": {"channels": ["email", "push"], "minutes": 60},
    "sensitive": {"categories": [], "min_sources": 2},
    "inferred": {"allow": False},
    "consent": {"mode": "opt_out"},
    "price_drop": {"percent": 10, "max_percent": 90},
    "own_site": {
        "lifts": [
            "sensitive",
            "frequency_cap",
            "followed_too_long",
            "inferred_interest",
            "too_soon",
        ]
    },
    "holdout": {
        "percent": 0,
        "salt": "unhaunt",
        "reasons": [
            "purchased",
            "already_bought",
            "not_interested",
            "removed_from_cart",
            "seen_too_often",
            "frequency_cap",
            "lapsed",
            "followed_too_long",
        ],
    },
    "identity": {
        "lookback_days": 30,
        "max_persons": 5,
        "max_ids": 50,
        "impressions": False,
        "blocked": [
            "0",
            "-1",
            "null",
            "none",
            "nan",
            "undefined",
            "true",
            "false",
            "anonymous",
            "guest",
            "unknown",
            "test",
            "[object object]",
            "00000000-0000-0000-0000-000000000000",
        ],
    },
    "retention": {"days": 30},
    "stale": {
        "opt_out_all": _stale(300, "closed"),
        "no_consent": _stale(300, "closed"),
        "sensitive_topic": _stale(300, "closed"),
        "sensitive": _stale(300, "closed"),
        "inappropriate": _stale(300, "closed"),
        "spam_or_misleading": _stale(300, "closed"),
        "block_advertiser": _stale(300, "closed"),
        "block_brand": _stale(300, "closed"),
        "block_category": _stale(300, "closed"),
        "purchased": _stale(86_400, "open"),
        "already_bought": _stale(300, "closed"),
        "not_interested": _stale(300, "closed"),
        "removed_from_cart": _stale(300, "closed"),
        "seen_too_often": _stale(300, "closed"),
        "frequency_cap": _stale(3_600, "open"),
        "lapsed": _stale(86_400, "open"),
    },
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a key may hold: a sentence for people and the check behind it."""

    description: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Named:
    """A table whose keys are names that the user chooses, each with a table of one shape."""

    shape: Mapping[str, Any]


def _is_number(value: Any) -> bool:
    # Integers are not asked whether they are finite: the very long ones do not fit a float.
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _one_of(*names: str) -> Expected:
    return Expected(f"one of {', '.join(names)}", lambda value: value in names)


def _list_of(*names: str) -> Expected:
    return Expected(
        f"a list of any of {', '.join(names)}",
        lambda value: isinstance(value, list) and all(name in names for name in value),
    )


def _number(least: float, most: float, unit: str) -> Expected:
    return Expected(
        f"{unit} from {least:,} to {most:,}",
        lambda value: _is_number(value) and least <= value <= most,
    )


def _whole_number(least: int, most: int) -> Expected:
    return Expected(
        f"an integer from {least:,} to {most:,}",
        lambda value: _is_integer(value) and least <= value <= most,
    )


_TEXT = Expected("a text", lambda value: isinstance(value, str))
_VERSION = Expected(
    f"a text of at most {LONGEST_VERSION} characters",
    lambda value: isinstance(value, str) and len(value) <= LONGEST_VERSION,
)
_FLAG = Expected("true or false", lambda value: isinstance(value, bool))
_TEXTS = Expected(
    "a list of texts",
    lambda value: isinstance(value, list) and all(isinstance(text, str) for text in value),
)
_DAYS = _number(0, LONGEST_DAYS, "a number of days")
_POSITIVE_DAYS = Expected(
    f"a number of days above 0, up to {LONGEST_DAYS:,}",
    lambda value: _is_number(value) and 0 < value <= LONGEST_DAYS,
)

_PURCHASE_RULE = {
    "scope": _one_of("product", "group", "category", "brand"),
    "window_days": _DAYS,
    "replenish_days": _POSITIVE_DAYS,
    "open_days": _DAYS,
}

SHAPE: Final[Mapping[str, Any]] = {
    "version": _VERSION,
    "purchase": {**_PURCHASE_RULE, "category": Named(_PURCHASE_RULE)},
    "dismissal": {
        reason: {"scope": _one_of(*SCOPES), "days": _DAYS, "price_drop": _FLAG}
        for reason in DEFAULTS["dismissal"]
    },
    "frequency": {
        "scope": _one_of("product", "group", "brand", "advertiser"),
        "max": _whole_number(1, 1_000),
        "days": _DAYS,
    },
    "follow": {"days": _DAYS},
    "quiet": {
        "channels": _list_of(*CHANNELS),
        "minutes": _number(0, LONGEST_DAYS, "a number of minutes"),
    },
    "sensitive": {
        "categories": _TEXTS,
        "min_sources": _whole_number(0, 1_000),
    },
    "inferred": {"allow": _FLAG},
    "consent": {"mode": _one_of("opt_out", "opt_in")},
    "price_drop": {
        "percent": _number(0, 100, "a percentage"),
        "max_percent": _number(0, 100, "a percentage"),
    },
    "own_site": {"lifts": _list_of(*REASONS)},
    "holdout": {
        "percent": _number(0, 50, "a percentage"),
        "salt": _TEXT,
        "reasons": _list_of(*REASONS),
    },
    "identity": {
        "lookback_days": _DAYS,
        "max_persons": _whole_number(0, 1_000),
        "max_ids": _whole_number(1, 1_000),
        "impressions": _FLAG,
        "blocked": _TEXTS,
    },
    "retention": {"days": _DAYS},
    "stale": {
        reason: {
            "seconds": _number(0, LONGEST_SECONDS, "a number of seconds"),
            "fails": _one_of("closed", "open"),
        }
        for reason in DEFAULTS["stale"]
    },
}
"""What each key of a policy may hold (SPEC 4)."""


def parse(text: str) -> dict[str, Any]:
    """The tables of a policy file. Raises `PolicyError` when it is not TOML, or nested deeply."""
    plain = _TEXT_OR_COMMENT.sub("_", text)
    if max(part.count(".") for part in re.split(r"[^\w.\t -]", plain)) > MOST_DOTS:
        raise PolicyError(f"a key has more than {MOST_DOTS} dots; no key of a policy has as many")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise PolicyError("tables or lists are nested too deeply for any policy") from error
    except ValueError as error:  # TOML's own error is one, and so is that of a very long number
        raise PolicyError(f"not a TOML file: {error}") from error


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """A user's document checked, with the defaults for all that it does not name.

    Raises `PolicyError` with a line for each unknown key and each value that is not right, up to
    `MOST_PROBLEMS`.
    """
    problems = list(islice(_problems(document, SHAPE, ""), MOST_PROBLEMS + 1))
    if len(problems) > MOST_PROBLEMS:
        problems[MOST_PROBLEMS:] = ["and there are more mistakes; put these right first"]
    if problems:
        raise PolicyError("\n".join(problems))
    return _over(DEFAULTS, document)


def remarks(document: Mapping[str, Any]) -> list[str]:
    """Values of a complete document that can hardly be meant, though none is wrong by itself."""
    price_drop = document["price_drop"]
    least, most = price_drop["percent"], price_drop["max_percent"]
    if most >= least:
        return []
    return [
        f"price_drop.max_percent: {most} is below price_drop.percent, which is {least}, so no "
        "price lifts a dismissal; name a greater one"
    ]


def _over(defaults: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: _over(value, {}) if isinstance(value, Mapping) else value
              for key, value in defaults.items()}  # fmt: skip
    for key, value in document.items():
        if isinstance(value, Mapping):
            merged[key] = _over(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


def _problems(table: Mapping[str, Any], shape: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in table.items():
        name = f"{path}{_quoted(key)}"
        expected = shape.get(key)
        if expected is None:
            yield f"{name}: unknown key; {_suggestion(key, shape)}"
        elif isinstance(expected, Expected):
            if not expected.holds(value):
                yield f"{name}: expected {expected.description}, got {_shown(value)}"
        elif not isinstance(value, Mapping):
            yield f"{name}: expected a table, got {_shown(value)}"
        elif isinstance(expected, Named):
            for entry, content in value.items():
                yield from _problems({entry: content}, {entry: expected.shape}, f"{name}.")
        else:
            yield from _problems(value, expected, f"{name}.")


def _suggestion(key: str, shape: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, shape, n=1)
    known = f"known here: {', '.join(shape)}"
    return f"did you mean {close[0]}? ({known})" if close else known


def _quoted(key: str) -> str:
    bare = all(letter.isalnum() or letter in "-_" for letter in key) and key.isascii() and key
    return _cut(key) if bare else _as_text(key)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _as_text(value)
    try:
        return _cut(str(value), 60)
    except (ValueError, RecursionError):  # of very long numbers, and deeply nested tables
        return "what is too large to be shown"


def _as_text(text: str) -> str:
    return json.dumps(_cut(text), ensure_ascii=False)


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[:most] + "…"
