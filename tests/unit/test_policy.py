"""The policy file: its defaults, what overrides them, and what is no policy (SPEC 4)."""

import hashlib

import pytest

from streams.suppression.policy import Policy, milliseconds
from streams.suppression.policy_document import DEFAULTS, PolicyError
from tests.builders import DAY, MINUTE

DEFAULT_TABLES = """
version = "default"

[purchase]
scope = "group"
window_days = 180
[purchase.category]

[dismissal]
opt_out_all        = { scope = "all",        days = 0,   price_drop = false }
sensitive_topic    = { scope = "category",   days = 0,   price_drop = false }
inappropriate      = { scope = "category",   days = 365, price_drop = false }
spam_or_misleading = { scope = "advertiser", days = 365, price_drop = false }
block_advertiser   = { scope = "advertiser", days = 0,   price_drop = false }
block_brand        = { scope = "brand",      days = 0,   price_drop = false }
block_category     = { scope = "category",   days = 0,   price_drop = false }
already_bought     = { scope = "group",      days = 180, price_drop = false }
not_interested     = { scope = "group",      days = 90,  price_drop = true }
removed_from_cart  = { scope = "product",    days = 14,  price_drop = true }
seen_too_often     = { scope = "group",      days = 30,  price_drop = false }

[frequency]
scope = "group"
max = 7
days = 7

[follow]
days = 21

[quiet]
channels = ["email", "push"]
minutes = 60

[sensitive]
categories = []
min_sources = 2

[inferred]
allow = false

[consent]
mode = "opt_out"

[price_drop]
percent = 10
max_percent = 90

[own_site]
lifts = ["sensitive", "frequency_cap", "followed_too_long", "inferred_interest", "too_soon"]

[holdout]
percent = 0
salt = "unhaunt"
reasons = ["purchased", "already_bought", "not_interested", "removed_from_cart", "seen_too_often",
           "frequency_cap", "lapsed", "followed_too_long"]

[identity]
lookback_days = 30
max_persons = 5
max_ids = 50
impressions = false
blocked = ["0", "-1", "null", "none", "nan", "undefined", "true", "false", "anonymous", "guest",
           "unknown", "test", "[object object]", "00000000-0000-0000-0000-000000000000"]

[retention]
days = 30
"""

COFFEE_AND_TVS = """
[purchase.category.grocery]
window_days = 7

[purchase.category."grocery.coffee"]
replenish_days = 30
open_days = 5

[purchase.category."electronics.tv"]
scope = "category"
window_days = 365
"""


# --- defaults and overriding ---------------------------------------------------------------------


def test_a_file_that_spells_out_the_contracts_tables_is_the_default_policy() -> None:
    spelled_out = Policy.from_toml(DEFAULT_TABLES)
    assert spelled_out.document == Policy.default().document
    assert spelled_out.fingerprint == Policy.default().fingerprint


def test_an_empty_file_is_the_default_policy() -> None:
    assert Policy.from_toml("").document == DEFAULTS


def test_a_file_overrides_what_it_names_and_nothing_else() -> None:
    document = Policy.from_toml("[dismissal.not_interested]\ndays = 45").document
    assert document["dismissal"]["not_interested"] == {
        "scope": "group",
        "days": 45,
        "price_drop": True,
    }
    assert document | {"dismissal": DEFAULTS["dismissal"]} == DEFAULTS


def test_a_list_in_a_file_replaces_the_default_list() -> None:
    assert Policy.from_toml('[quiet]\nchannels = ["display"]').quiet_channels == {"display"}


def test_the_fingerprint_changes_with_any_value() -> None:
    assert Policy.from_toml("[follow]\ndays = 22").fingerprint != Policy.default().fingerprint


def test_a_policy_leaves_the_defaults_of_the_next_one_alone() -> None:
    Policy.from_toml("[purchase.category.tv]\nwindow_days = 1")
    assert Policy.default().document["purchase"]["category"] == {}


# --- lengths of time -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expected"), [(1, DAY), (0.5, DAY // 2), (0.000_000_02, 1), (1 / 3, 28_800_000)]
)
def test_fractions_of_days_are_cut_to_whole_milliseconds(days: float, expected: int) -> None:
    assert milliseconds(days) == expected


def test_lengths_in_the_file_may_be_fractions() -> None:
    policy = Policy.from_toml("[follow]\ndays = 1.00000001\n[quiet]\nminutes = 0.5")
    assert policy.follow == DAY  # 0.864 ms more, cut
    assert policy.quiet == MINUTE // 2


def test_a_dismissal_of_zero_days_has_no_end() -> None:
    assert Policy.default().dismissals["block_brand"].length is None


def test_opting_out_of_all_is_about_all_whatever_scope_a_file_gives_it() -> None:
    policy = Policy.from_toml('[dismissal.opt_out_all]\nscope = "product"')
    assert policy.dismissals["opt_out_all"].scope == "all"


# --- purchase rules by category ------------------------------------------------------------------


def test_the_narrowest_category_with_an_entry_counts() -> None:
    rule = Policy.from_toml(COFFEE_AND_TVS).purchase_rule(
        ["grocery", "grocery.coffee", "grocery.coffee.beans"]
    )
    assert (rule.replenish_days, rule.open) == (30, 5 * DAY)


def test_an_entry_that_counts_hides_the_broader_ones() -> None:
    rule = Policy.from_toml(COFFEE_AND_TVS).purchase_rule(["grocery", "grocery.coffee"])
    assert rule.window == 180 * DAY


def test_the_fields_of_an_entry_go_over_those_of_the_table() -> None:
    rule = Policy.from_toml(COFFEE_AND_TVS).purchase_rule(["grocery", "grocery.tea"])
    assert (rule.scope, rule.window, rule.replenish_days) == ("group", 7 * DAY, None)


def test_an_entry_that_sets_the_scope_names_the_category_of_the_claim() -> None:
    policy = Policy.from_toml(COFFEE_AND_TVS)
    assert policy.purchase_rule(["electronics", "electronics.tv"]).category == "electronics.tv"
    assert policy.purchase_rule(["grocery"]).category is None


def test_a_product_of_no_category_is_read_by_the_table() -> None:
    rule = Policy.from_toml(COFFEE_AND_TVS).purchase_rule([])
    assert (rule.scope, rule.window) == ("group", 180 * DAY)


def test_a_replenished_product_reopens_for_fourteen_days_when_nothing_is_said() -> None:
    policy = Policy.from_toml("[purchase.category.coffee]\nreplenish_days = 30")
    assert policy.purchase_rule(["coffee"]).open == 14 * DAY


# --- the holdout ---------------------------------------------------------------------------------


def share_of(user_id: str, salt: str = "unhaunt") -> int:
    """The number from 0 to 9,999 that the contract derives from a person."""
    digest = hashlib.blake2b(f"{salt}:{user_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:8], "big") % 10_000


def test_the_number_of_ann_is_what_it_always_was() -> None:
    # Whoever is in the holdout has to stay there from release to release.
    assert (share_of("ann"), share_of("zoë")) == (1_882, 3_900)


@pytest.mark.parametrize("user_id", [f"user-{number}" for number in range(50)])
def test_a_person_is_in_the_holdout_when_their_number_is_below_the_percentage(
    user_id: str,
) -> None:
    policy = Policy.from_toml("[holdout]\npercent = 37.5")
    assert policy.in_holdout(user_id) == (share_of(user_id) < 3_750)


def test_the_number_itself_is_not_below_itself() -> None:
    exactly, above = 18.82, 18.83
    assert not Policy.from_toml(f"[holdout]\npercent = {exactly}").in_holdout("ann")
    assert Policy.from_toml(f"[holdout]\npercent = {above}").in_holdout("ann")


def test_another_salt_draws_another_holdout() -> None:
    policy = Policy.from_toml('[holdout]\npercent = 50\nsalt = "größer"')
    people = [f"user-{number}" for number in range(50)]
    drawn = {user_id for user_id in people if policy.in_holdout(user_id)}
    assert drawn == {user_id for user_id in people if share_of(user_id, "größer") < 5_000}
    assert drawn != {user_id for user_id in people if share_of(user_id) < 5_000}


def test_nobody_is_in_the_holdout_by_default() -> None:
    assert not any(Policy.default().in_holdout(f"user-{number}") for number in range(500))


# --- ids that are nobody's -----------------------------------------------------------------------


@pytest.mark.parametrize("user_id", ["", "null", "NULL", "Anonymous", "[object Object]"])
def test_an_id_that_could_be_anybodys_is_blocked_in_upper_case_too(user_id: str) -> None:
    assert Policy.default().is_blocked(user_id)


def test_an_id_that_is_blocked_may_be_written_in_upper_case_in_the_policy() -> None:
    blocking = Policy.from_toml("[identity]\nblocked = ['Walk-in']")
    assert blocking.is_blocked("walk-in")
    assert not blocking.is_blocked("null")


@pytest.mark.parametrize("text", ["blocked = []", "lookback_days = 1", "max_ids = 3"])
def test_every_key_of_identity_decides_what_ids_share(text: str) -> None:
    assert Policy.from_toml(f"[identity]\n{text}").sharing != Policy.default().sharing


def test_how_ids_that_are_blocked_are_written_decides_nothing() -> None:
    one, other = (
        Policy.from_toml(f"[identity]\nblocked = {ids}") for ids in (["A", "b"], ["B", "a"])
    )
    assert one.sharing == other.sharing


def test_no_other_key_decides_what_ids_share() -> None:
    assert Policy.from_toml("[frequency]\nmax = 3").sharing == Policy.default().sharing


# --- files that are wrong ------------------------------------------------------------------------

WRONG_VALUES = [
    ("version = 3", "version", "a text", "3"),
    ("[purchase]\nscope = 'all'", "purchase.scope", "one of product, group, category", '"all"'),
    ("[purchase]\nwindow_days = -1", "purchase.window_days", "a number of days from 0", "-1"),
    ("[purchase]\nwindow_days = '9'", "purchase.window_days", "a number of days", '"9"'),
    ("[purchase]\nwindow_days = true", "purchase.window_days", "a number of days", "true"),
    ("[purchase]\nwindow_days = nan", "purchase.window_days", "a number of days", "nan"),
    ("[purchase]\nwindow_days = inf", "purchase.window_days", "a number of days", "inf"),
    ("[purchase]\nwindow_days = 1000001", "purchase.window_days", "to 1,000,000", "1000001"),
    ("[purchase]\ncategory = 1", "purchase.category", "a table", "1"),
    ("[purchase.category]\ntv = 1", "purchase.category.tv", "a table", "1"),
    (
        "[purchase.category.'a.b']\nreplenish_days = 0",
        'purchase.category."a.b".replenish_days',
        "above 0",
        "0",
    ),
    ("[dismissal]\nblock_brand = 5", "dismissal.block_brand", "a table", "5"),
    (
        "[dismissal.block_brand]\nscope = 'shop'",
        "dismissal.block_brand.scope",
        "one of product, group, category, brand, advertiser, all",
        '"shop"',
    ),
    ("[dismissal.block_brand]\ndays = []", "dismissal.block_brand.days", "a number of days", "[]"),
    (
        "[dismissal.block_brand]\nprice_drop = 1",
        "dismissal.block_brand.price_drop",
        "true or false",
        "1",
    ),
    ("[frequency]\nscope = 'category'", "frequency.scope", "one of product, group", '"category"'),
    ("[frequency]\nmax = 0", "frequency.max", "an integer from 1 to 1,000", "0"),
    ("[frequency]\nmax = 2.0", "frequency.max", "an integer", "2.0"),
    ("[frequency]\ndays = -0.5", "frequency.days", "a number of days", "-0.5"),
    ("[follow]\ndays = 'long'", "follow.days", "a number of days", '"long"'),
    ("[quiet]\nchannels = ['fax']", "quiet.channels", "a list of any of display", "['fax']"),
    ("[quiet]\nchannels = 'email'", "quiet.channels", "a list", '"email"'),
    ("[quiet]\nminutes = -1", "quiet.minutes", "a number of minutes", "-1"),
    ("[sensitive]\ncategories = [1]", "sensitive.categories", "a list of texts", "[1]"),
    ("[sensitive]\nmin_sources = -1", "sensitive.min_sources", "from 0 to 1,000", "-1"),
    ("[inferred]\nallow = 'yes'", "inferred.allow", "true or false", '"yes"'),
    ("[consent]\nmode = 'ask'", "consent.mode", "one of opt_out, opt_in", '"ask"'),
    ("[price_drop]\npercent = 101", "price_drop.percent", "from 0 to 100", "101"),
    ("[price_drop]\nmax_percent = -1", "price_drop.max_percent", "from 0 to 100", "-1"),
    ("[price_drop]\nmax_percent = '90'", "price_drop.max_percent", "a percentage", '"90"'),
    ("[own_site]\nlifts = ['mood']", "own_site.lifts", "a list of any of opt_out_all", "['mood']"),
    ("[holdout]\npercent = 50.1", "holdout.percent", "from 0 to 50", "50.1"),
    ("[holdout]\nsalt = 1", "holdout.salt", "a text", "1"),
    ("[holdout]\nreasons = ['mood']", "holdout.reasons", "a list of any of", "['mood']"),
    ("[identity]\nlookback_days = -1", "identity.lookback_days", "a number of days", "-1"),
    ("[identity]\nmax_persons = 1.5", "identity.max_persons", "an integer from 0 to 1,000", "1.5"),
    ("[identity]\nmax_ids = 0", "identity.max_ids", "an integer from 1 to 1,000", "0"),
    ("[identity]\nimpressions = 1", "identity.impressions", "true or false", "1"),
    ("[identity]\nblocked = [0]", "identity.blocked", "a list of texts", "[0]"),
    ("[retention]\ndays = 1979-05-27", "retention.days", "a number of days", "1979-05-27"),
    ("retention = 30", "retention", "a table", "30"),
    ("[stale.purchased]\nseconds = -1", "stale.purchased.seconds", "a number of seconds", "-1"),
    ("[stale.purchased]\nfails = 'up'", "stale.purchased.fails", "one of closed, open", '"up"'),
]


@pytest.mark.parametrize(
    ("text", "key", "expectation", "value"), WRONG_VALUES, ids=[case[0] for case in WRONG_VALUES]
)
def test_a_wrong_value_is_an_error_that_names_key_value_and_what_was_expected(
    text: str, key: str, expectation: str, value: str
) -> None:
    with pytest.raises(PolicyError) as error:
        Policy.from_toml(text)
    message = str(error.value)
    assert message.startswith(f"{key}: expected ")
    assert expectation in message
    assert message.endswith(f", got {value}")


@pytest.mark.parametrize(
    ("text", "key", "known"),
    [
        ("versions = 'x'", "versions", "did you mean version?"),
        ("[purchase]\nwindow_day = 3", "purchase.window_day", "did you mean window_days?"),
        ("[purchase.category.tv]\nsalt = 1", "purchase.category.tv.salt", "window_days"),
        ("[dismissal.bored]\ndays = 3", "dismissal.bored", "block_brand"),
        ("[dismissal.covered_content]\ndays = 3", "dismissal.covered_content", "opt_out_all"),
        ("[dismissal.block_brand]\nday = 3", "dismissal.block_brand.day", "did you mean days?"),
        ("[identity]\nmax_id = 3", "identity.max_id", "did you mean max_ids?"),
        ('["a key"]\nx = 1', '"a key"', "known here: version, purchase"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_it_and_the_known_ones(
    text: str, key: str, known: str
) -> None:
    with pytest.raises(PolicyError) as error:
        Policy.from_toml(text)
    assert str(error.value).startswith(f"{key}: unknown key; ")
    assert known in str(error.value)


def test_every_problem_of_a_file_is_told_at_once() -> None:
    with pytest.raises(PolicyError) as error:
        Policy.from_toml("[follow]\ndays = -1\nweeks = 3\n[consent]\nmode = 1")
    named = [line.split(":")[0] for line in str(error.value).splitlines()]
    assert named == ["follow.days", "follow.weeks", "consent.mode"]


def test_a_file_that_is_no_toml_is_an_error_that_says_where() -> None:
    with pytest.raises(PolicyError, match=r"not a TOML file: .*line 1"):
        Policy.from_toml("version = default")


@pytest.mark.parametrize(
    "digits",
    [
        400,
        5_000,
    ],
)
def test_a_number_too_long_to_be_judged_is_a_wrong_value_too(digits: int) -> None:
    with pytest.raises(PolicyError):
        Policy.from_toml("[purchase]\nwindow_days = " + "9" * digits)
