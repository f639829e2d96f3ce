"""How far a statement is trusted, and what is shared over it (SPEC 9)."""

import pytest

from tests.builders import (
    DAY,
    HOUR,
    NOW,
    cancellation,
    dismissal,
    policy,
    preference,
    purchase,
    request,
)
from tests.identities import Partitions, linked, signed_in, signed_out

APART = {"phone": 0, "laptop": 1, "account": 2}


def partitions(**tables):
    return Partitions(policy(**tables), partition_of=APART)


def suppressed(there, user_id, product_id="tv", ts=NOW):
    """Why a product must not follow an id."""
    [decision] = there.tell(request(product_id, user_id=user_id, ts=ts))
    return [answer["reason"] for answer in decision["suppressed"]]


@pytest.mark.parametrize("link", [linked, signed_in])
@pytest.mark.parametrize("method", ["observed", "inferred"])
def test_what_is_only_guessed_shares_refusals_alone(link, method):
    there = partitions()
    there.tell(link("phone", "account", method=method))
    there.tell(purchase("tv", user_id="account"))
    there.tell(purchase("radio", user_id="phone", order_id="second", ts=NOW - 1))
    assert suppressed(there, "phone", "tv") == suppressed(there, "account", "radio") == []
    there.tell(dismissal("opt_out_all", user_id="phone"))
    there.tell(preference(personalised_ads="denied", user_id="account"))
    there.tell(preference(personalised_ads="granted", user_id="phone", ts=NOW - 1))
    assert held_against(there, "account") == {"opt_out_all", "no_consent", "purchased"}
    assert held_against(there, "phone") == {"opt_out_all", "no_consent", "purchased"}


def held_against(there, user_id):
    return {entry["reason"] for entry in there.entries(user_id)}


@pytest.mark.parametrize("method", ["authenticated", "declared"])
def test_what_is_known_shares_everything(method):
    there = partitions()
    there.tell(signed_in("phone", "account", method=method), purchase("tv", user_id="phone"))
    assert suppressed(there, "account") == ["purchased"]


def test_of_several_links_of_one_pair_the_most_trusted_counts():
    there = partitions()
    there.tell(linked("phone", "account", method="declared"), purchase("tv", user_id="phone"))
    there.tell(linked("phone", "account", ts=NOW + 1, method="inferred"))
    assert suppressed(there, "account") == ["purchased"]


def test_of_two_sessions_around_the_less_trusted_counts():
    there = partitions()
    there.tell(signed_in("phone", "account"), signed_out("phone", ts=NOW + HOUR))
    there.tell(purchase("tv", user_id="phone", ts=NOW + 2 * HOUR))
    there.tell(signed_in("phone", "account", ts=NOW + 3 * HOUR, method="observed"))
    assert suppressed(there, "account", ts=NOW + DAY) == []


def test_a_session_goes_on_as_it_began():
    there = partitions()
    there.tell(signed_in("phone", "account", method="observed"))
    there.tell(
        signed_in("phone", "account", ts=NOW + 1), purchase("tv", user_id="phone", ts=NOW + 2)
    )
    assert suppressed(there, "account", ts=NOW + DAY) == []


def test_what_takes_an_order_back_goes_over_any_trusted_statement_whenever_it_was_made():
    there = partitions()
    there.tell(linked("laptop", "account"), purchase("tv", user_id="laptop"))
    there.tell(signed_in("phone", "account", method="observed"))
    there.tell(signed_in("phone", "account", ts=NOW + 1))  # the session goes on as it began
    there.tell(cancellation(user_id="phone", ts=NOW + 2))
    assert [suppressed(there, user) for user in ("laptop", "account")] == [[], []]
