"""Random policies over the shop of `shop.py`, with windows that suit the recording's time span."""

from tests.oracle.policy import DAY, DEFAULTS, REASONS_BY_RANK

DISMISSAL_SCOPES = ["product", "group", "category", "brand", "advertiser"]


def chance(random, probability):
    return random.random() < probability


def random_policy(random, shop, span):
    """A user's policy: any part of the tables of SPEC 4. None (no file) one time in five."""
    if chance(random, 0.2):
        return None
    policy = {}
    if chance(random, 0.5):
        policy["version"] = random.choice(["v2", '2024-06 "strict"', "größer"])
    makers = {
        "purchase": _purchase,
        "dismissal": _dismissal,
        "frequency": _frequency,
        "follow": lambda random, shop, span: {"days": some_days(random, span)},
        "quiet": _quiet,
        "sensitive": _sensitive,
        "inferred": lambda random, shop, span: {"allow": chance(random, 0.7)},
        "consent": lambda random, shop, span: {"mode": random.choice(["opt_in"] + 4 * ["opt_out"])},
        "price_drop": _price_drop,
        "own_site": lambda random, shop, span: {"lifts": _some_of(random, REASONS_BY_RANK)},
        "holdout": _holdout,
        "retention": lambda random, shop, span: {"days": some_days(random, span)},
    }
    for name, make in makers.items():
        if chance(random, 0.6):
            policy[name] = make(random, shop, span)
    return policy


def some_days(random, span):
    """A number of days, whole or not, that is long, short or alike beside the span."""
    in_days = span / DAY
    return random.choice(
        [
            random.choice([0.5, 1, 2, 7, 14, 30, 180]),
            max(round(in_days * random.choice([0.05, 0.1, 0.25, 0.5, 1.0]), 6), 0.00001),
            max(round(in_days * random.uniform(0.01, 0.6), 3), 0.001),
        ]
    )


def _some_of(random, words):
    return [word for word in words if chance(random, 0.4)]


def _some_fields(random, fields):
    """Each field with a chance of one half."""
    return {name: make() for name, make in fields.items() if chance(random, 0.5)}


def _price_drop(random, shop, span):
    percent = random.choice([0, 5, 12.5, 25, 50])
    return {"percent": percent, "max_percent": random.choice([90, 90, 100, 50, 20, percent])}


def _purchase(random, shop, span):
    scopes = ["product", "group", "category", "brand"]
    table = _some_fields(
        random,
        {
            "scope": lambda: random.choice(scopes),
            "window_days": lambda: some_days(random, span),
        },
    )
    entries = {}
    for category in shop.categories:
        if chance(random, 0.4):
            entries[category] = _some_fields(
                random,
                {
                    "scope": lambda: random.choice(scopes),
                    "window_days": lambda: some_days(random, span),
                    "replenish_days": lambda: some_days(random, span / 4),
                    "open_days": lambda: some_days(random, span / 4),
                },
            )
    if entries:
        table["category"] = entries
    return table


def _dismissal(random, shop, span):
    table = {}
    for reason in DEFAULTS["dismissal"]:
        if chance(random, 0.5):
            scopes = ["all"] if reason == "opt_out_all" else DISMISSAL_SCOPES
            table[reason] = _some_fields(
                random,
                {
                    "scope": lambda scopes=scopes: random.choice(scopes),
                    "days": lambda: random.choice([0, some_days(random, span)]),
                    "price_drop": lambda: chance(random, 0.6),
                },
            )
    return table


def _frequency(random, shop, span):
    return _some_fields(
        random,
        {
            "scope": lambda: random.choice(["product", "group", "brand", "advertiser"]),
            "max": lambda: random.randint(1, 4),
            "days": lambda: some_days(random, span),
        },
    )


def _quiet(random, shop, span):
    return _some_fields(
        random,
        {
            "channels": lambda: _some_of(random, ["display", "video", "email", "push", "onsite"]),
            "minutes": lambda: random.choice([0.5, 5, 60, 1440, 100_000]),
        },
    )


def _sensitive(random, shop, span):
    return _some_fields(
        random,
        {
            "categories": lambda: _some_of(random, shop.categories),
            "min_sources": lambda: random.randint(1, 3),
        },
    )


def _holdout(random, shop, span):
    table = {"percent": random.choice([1, 12.5, 50])}
    if chance(random, 0.5):
        table["salt"] = random.choice(["", "pepper", "zürich"])
    if chance(random, 0.5):
        table["reasons"] = _some_of(random, REASONS_BY_RANK)
    return table
