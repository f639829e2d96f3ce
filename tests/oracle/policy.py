"""The default policy of SPEC 4 and a user's file merged over it (taken to be a right one)."""

import copy

DAY = 86_400_000
MINUTE = 60_000

REASONS_BY_RANK = [
    "opt_out_all",
    "no_consent",
    "sensitive_topic",
    "sensitive",
    "inappropriate",
    "spam_or_misleading",
    "block_advertiser",
    "block_brand",
    "block_category",
    "purchased",
    "already_bought",
    "not_interested",
    "removed_from_cart",
    "seen_too_often",
    "frequency_cap",
    "lapsed",
    "followed_too_long",
    "inferred_interest",
    "too_soon",
]

SCOPES_NARROW_TO_BROAD = ["product", "group", "category", "brand", "advertiser", "all"]

DEFAULT_OPEN_DAYS = 14


def _dismissal(scope, days, price_drop=False):
    return {"scope": scope, "days": days, "price_drop": price_drop}


DEFAULTS = {
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
}


def merged(user_policy):
    """The defaults with what `user_policy` (a parsed TOML file, or None) names put over them."""
    result = copy.deepcopy(DEFAULTS)
    _put_over(result, user_policy or {})
    return result


def _put_over(table, changes):
    for key, value in changes.items():
        if isinstance(value, dict):
            _put_over(table.setdefault(key, {}), value)
        else:
            table[key] = value


def days(count):
    """Milliseconds of `count` days, cut to whole ones (SPEC 1)."""
    return int(count * DAY)


def minutes(count):
    return int(count * MINUTE)
