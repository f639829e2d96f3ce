"""A worker takes a share in where it needs the receiver anyhow, or else for the checkpoint."""

from schemas.records import Share
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from tests.builders import NOW, purchase, request
from tests.identities import linked, unlinked


def linked_phone() -> Join:
    """Of a phone and its account, and all that is known is stored."""
    known = Join(Policy.default(), Catalog())
    known.apply(linked("phone", "account", ts=NOW))
    carry(known)
    return known


def carry(known: Join) -> None:
    """Take checkpoints until nothing more is shared."""
    while shares := shared(known):
        for share in shares:
            known.put_off(share)


def shared(known: Join) -> list[Share]:
    """What a checkpoint has to share."""
    return [share for _, _, shares, _ in known.checkpoint() for share in shares]


def bought_elsewhere(known: Join) -> None:
    """A share with a purchase is on its way to the phone, and put off there."""
    known.apply(purchase("tv", user_id="account", ts=NOW + 1))
    for share in shared(known):
        known.put_off(share)


def test_the_next_request_of_the_receiver_is_decided_with_it() -> None:
    known = linked_phone()
    bought_elsewhere(known)
    decision = known.apply(request("tv", user_id="phone", ts=NOW + 2))
    assert decision is not None
    assert [each.product_id for each in decision.suppressed] == ["tv"]


def test_the_list_of_the_next_checkpoint_has_it() -> None:
    known = linked_phone()
    bought_elsewhere(known)
    [listed] = [current for user_id, _, _, current in known.checkpoint() if user_id == "phone"]
    assert listed is not None
    assert [entry.value for entry in listed.entries] == ["tv"]


def test_who_was_unlinked_after_it_came_has_nothing_of_it() -> None:
    known = linked_phone()
    bought_elsewhere(known)
    known.apply(unlinked("phone", "account", ts=NOW + 2))
    decision = known.apply(request("tv", user_id="phone", ts=NOW + 3))
    assert decision is not None
    assert decision.suppressed == []


def test_whoever_is_to_take_something_in_stays_in_memory_until_then() -> None:
    known = linked_phone()
    assert not known.is_pending("phone")
    bought_elsewhere(known)
    assert known.is_pending("phone")
    shared(known)
    assert not known.is_pending("phone")


def test_what_has_no_effect_makes_nobody_known() -> None:
    known = linked_phone()
    known.apply(purchase("tv", user_id="account", ts=NOW + 1))
    [share] = shared(known)
    stranger = Join(Policy.default(), Catalog())
    stranger.put_off(share)
    assert list(stranger.checkpoint()) == []
    assert stranger.persons == {}


def test_what_rests_on_it_is_shared_at_a_later_time() -> None:
    known = linked_phone()
    known.apply(linked("laptop", "account", ts=NOW))
    carry(known)
    known.apply(purchase("tv", user_id="phone", ts=NOW + 1))
    [up] = shared(known)
    known.put_off(up)
    [down] = shared(known)
    assert (down.user_id, up.user_id) == ("laptop", "account")
    assert down.ts > up.ts
