"""`unhaunt explain`."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.records import Event
from tests.builders import (
    DAY,
    NOW,
    candidate,
    catalog_line,
    dismissal,
    impressions,
    line,
    preference,
    product,
    purchase,
    refund,
    request,
    restoration,
)
from tests.command_line import json_lines, run

WIDE = {"COLUMNS": "200"}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        purchase("tv", event_id="e1", order_id="o1"),
        dismissal("not_interested", event_id="e2", product_id="mug", price=20, ts=NOW + 60_000),
        request("tv", candidate("mug", price=15), "socks", request_id="r1", ts=NOW + 120_000),
    )


def write(folder: Path, *events: Event | dict[str, Any]) -> Path:
    path = folder / "recording.jsonl"
    lines = (event if isinstance(event, dict) else line(event) for event in events)
    path.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in lines))
    return path


def explained(recording: Path, *options: object) -> str:
    """What it prints about Ann."""
    result = run("explain", recording, "--user", "ann", *options, **WIDE)
    assert result.exit_code == 0, result.stderr
    return result.stdout


# --- one product ---------------------------------------------------------------------------------


def test_a_product_that_is_not_shown_is_explained_in_sentences(recording: Path) -> None:
    assert explained(recording, "--product", "tv") == (
        'tv is not shown to ann (at 2023-11-14 22:15:20 UTC, by policy "default").\n'
        "  Nothing is known of it but its id.\n"
        "  Reason: purchased. The person bought it, or what counts as the same.\n"
        "    It covers tv with all its variants, from 2023-11-14 22:13:20 UTC until 2024-05-12 "
        "22:13:20 UTC.\n"
        "    Evidence: order o1 of 2023-11-14 22:13:20 UTC: 1 x tv (event e1).\n"
        "    Undone by the return of 1 x tv of order o1.\n"
        "    It ends by itself at 2024-05-12 22:13:20 UTC.\n"
        "  If nothing else happens, it may be shown again from 2024-05-12 22:13:20 UTC on.\n"
    )


def test_a_product_that_nothing_is_against_is_said_to_be_so(recording: Path) -> None:
    assert explained(recording, "--product", "socks") == (
        'socks may be shown to ann (at 2023-11-14 22:15:20 UTC, by policy "default").\n'
        "  Nothing is known of it but its id.\n"
        "  Nothing that is held about the person speaks against it.\n"
    )


def test_the_catalog_says_what_the_product_is_and_costs(tmp_path: Path) -> None:
    rejected = dismissal("not_interested", product_id="mug", price=20)
    known = catalog_line("mug", brand="acme", categories=["a", "a.b"], price=18, currency="EUR")
    output = explained(write(tmp_path, rejected, known), "--product", "mug")
    assert "mug may be shown" in output
    assert "Known of it: categories a, a.b; brand acme; price 18 EUR.\n" in output
    assert "It does not count here: offered at 18 EUR, dismissed at 20, and 2 to 18 is enough." in (
        output
    )


@pytest.mark.parametrize(
    ("fields", "offered", "expected"),
    [
        ({"price": 20}, {"price": 19}, "offered at 19, and it takes 2 to 18"),
        (
            {"price": 20, "currency": "EUR"},
            {"price": 0.2},
            "offered at 0.2, so far below 20 EUR that it is taken for a mistake; it takes 2 to "
            "18 EUR",
        ),
        (
            {"price": 20, "currency": "EUR"},
            {"price": 15, "currency": "USD"},
            "offered at 15 USD, dismissed at 20 EUR",
        ),
        ({}, {"price": 15}, "no one price was named at which it was dismissed"),
    ],
)
def test_why_the_price_does_not_lift_a_rejection_is_told(
    tmp_path: Path, fields: dict[str, Any], offered: dict[str, Any], expected: str
) -> None:
    rejected = dismissal("not_interested", product_id="mug", **fields)
    output = explained(
        write(tmp_path, rejected, catalog_line("mug", **offered)), "--product", "mug"
    )
    assert f"The price does not lift it: {expected}.\n" in output


def test_that_no_price_can_lift_a_rejection_by_the_policy_is_told(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[price_drop]\npercent = 95\n")
    rejected = dismissal("not_interested", product_id="mug", price=20)
    recording = write(tmp_path, rejected, catalog_line("mug", price=1))
    output = explained(recording, "--product", "mug", "--policy", policy)
    assert "The price does not lift it: by the percentages of the policy none can.\n" in output


def test_a_time_before_the_evidence_explains_what_was_known_then(recording: Path) -> None:
    assert "tv may be shown to ann" in explained(
        recording, "--product", "tv", "--at", "2023-11-14T22:13:19"
    )
    assert "tv is not shown to ann" in explained(recording, "--product", "tv", "--at", NOW)


def test_the_policy_is_the_one_that_is_named(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('version = "brief"\n[purchase]\nwindow_days = 0.001\n')
    output = explained(recording, "--product", "tv", "--policy", path)
    assert "tv may be shown" in output
    assert 'by policy "brief"' in output
    assert "Over: purchased." in output


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (
            (purchase(product("tv", quantity=2)), refund("tv", ts=NOW + 1)),
            "2 x tv (event bought); 1 returned at 2023-11-14 22:13:20.001 UTC (event refunded); "
            "1 kept.",
        ),
        (
            (purchase(), refund(ts=NOW + 1_000)),
            "Without effect: order order of 2023-11-14 22:13:20 UTC: 1 x tv (event bought); "
            "cancelled or returned as a whole at 2023-11-14 22:13:21 UTC.",
        ),
        (
            (
                dismissal("inappropriate", product_id="tv"),
                restoration(product_id="tv", ts=NOW + 1_000),
            ),
            "Without effect: rejection of product tv as inappropriate at 2023-11-14 22:13:20 UTC "
            "(event dismissed); taken back at 2023-11-14 22:13:21 UTC (event restored).",
        ),
        (
            (dismissal("block_brand", brand="acme"), request(candidate("tv", brand="acme"))),
            "It covers the brand acme, from 2023-11-14 22:13:20 UTC until that changes.",
        ),
        (
            (dismissal("opt_out_all"),),
            "Undone by taking it back (a restoration of everything).",
        ),
        (
            (preference(personalised_ads="denied"),),
            "Undone by consent to personalised_ads.",
        ),
        (
            impressions(*range(NOW, NOW + 7)),
            "Undone by showing it on the advertiser's own site.",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else None,
)
def test_what_was_said_and_what_came_of_it_is_told(
    tmp_path: Path, events: tuple[Event, ...], words: str
) -> None:
    assert words in explained(write(tmp_path, *events), "--product", "tv")


# --- one request ---------------------------------------------------------------------------------


def test_a_request_is_explained_candidate_by_candidate(recording: Path) -> None:
    output = explained(recording, "--request", "r1")
    when = '(at 2023-11-14 22:15:20 UTC, in request r1, by policy "default")'
    assert [row for row in output.splitlines() if when in row] == [
        f"tv is not shown to ann {when}.",
        f"mug may be shown to ann {when}.",
        f"socks may be shown to ann {when}.",
    ]
    assert "Lifted: not_interested." in output


def test_one_candidate_of_a_request_can_be_chosen(recording: Path) -> None:
    output = explained(recording, "--request", "r1", "--product", "mug")
    assert "mug may be shown" in output
    assert "tv" not in output


def test_the_own_site_of_a_request_is_told(tmp_path: Path) -> None:
    asked = request(candidate(basis="inferred"), own_site=True, request_id="r1")
    output = explained(write(tmp_path, asked), "--request", "r1")
    assert "in request r1 on the advertiser's own site" in output
    assert "It does not count here: this is the advertiser's own site." in output


# --- all that is held ----------------------------------------------------------------------------


def test_without_a_product_all_that_is_held_is_told(recording: Path) -> None:
    assert explained(recording) == (
        'Held about ann at 2023-11-14 22:15:20 UTC, read by policy "default".\n'
        "\n"
        "Evidence, 2 in all:\n"
        "  Order o1 of 2023-11-14 22:13:20 UTC: 1 x tv (event e1). Kept until 2024-06-11 22:13:20 "
        "UTC.\n"
        "  Rejection of product mug as not_interested at 2023-11-14 22:14:20 UTC, at a price of 20 "
        "(event e2). Kept until 2024-03-13 22:14:20 UTC.\n"
        "\n"
        "What follows from it, 2 in all:\n"
        "  In force: purchased. The person bought it, or what counts as the same.\n"
        "    It covers tv with all its variants, from 2023-11-14 22:13:20 UTC until 2024-05-12 "
        "22:13:20 UTC.\n"
        "    Undone by the return of 1 x tv of order o1.\n"
        "    It ends by itself at 2024-05-12 22:13:20 UTC.\n"
        "  In force: not_interested. The person said that it does not interest them.\n"
        "    It covers mug with all its variants, from 2023-11-14 22:14:20 UTC until 2024-02-12 "
        "22:14:20 UTC.\n"
        "    Undone by taking it back (a restoration of product mug or of everything), or by a "
        "price of 2 to 18.\n"
        "    It ends by itself at 2024-02-12 22:14:20 UTC.\n"
        "\n"
        "On the list for ad servers, of 2023-11-14 22:14:20 UTC (granted: nothing):\n"
        "  not_interested: mug with all its variants, from 2023-11-14 22:14:20 UTC until "
        "2024-02-12 22:14:20 UTC.\n"
        "  purchased: tv with all its variants, from 2023-11-14 22:13:20 UTC until 2024-05-12 "
        "22:13:20 UTC.\n"
    )


def test_of_somebody_of_whom_nothing_is_known_it_says_so_and_all_is_well(recording: Path) -> None:
    result = run("explain", recording, "--user", "bob")
    assert result.exit_code == 0
    assert result.stdout == "Nothing is held about bob at 2023-11-14 22:15:20 UTC.\n"


def test_what_was_removed_is_not_held_any_more(recording: Path) -> None:
    output = explained(recording, "--at", NOW + 400 * DAY)
    assert output == "Nothing is held about ann at 2024-12-18 22:13:20 UTC.\n"


# --- how it is shown -----------------------------------------------------------------------------


def test_json_has_the_same_content(recording: Path) -> None:
    [explanation] = json_lines(explained(recording, "--request", "r1", "--json"))
    assert explanation["request"]["request_id"] == "r1"
    verdicts = {each["product_id"]: each["verdict"] for each in explanation["candidates"]}
    assert verdicts == {"tv": "suppressed", "mug": "allowed", "socks": "allowed"}
    [held] = json_lines(explained(recording, "--json"))
    assert [fact["kept_until"] for fact in held["evidence"]] == [
        NOW + 210 * DAY,
        NOW + 60_000 + 120 * DAY,
    ]


def test_lines_are_folded_to_the_width_of_the_terminal(recording: Path) -> None:
    result = run("explain", recording, "--user", "ann", COLUMNS="60")
    assert max(len(row) for row in result.stdout.splitlines()) <= 60


def test_what_would_move_the_cursor_is_escaped(tmp_path: Path) -> None:
    recording = write(tmp_path, purchase("tv\x1b[2J"))
    assert "1 x tv\\x1b[2J (event" in explained(recording)


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Expected either recordings or --live"),
        (("{recording}", "--live"), "Expected either recordings or --live"),
        (("{recording}", "--request", "r9"), "--request: the recording has no request 'r9'"),
        (("{recording}", "--request", "r1", "--at", "0"), "--request: not with --live or --at."),
        (("--live", "--request", "r1"), "--request: not with --live or --at."),
        (
            ("{recording}", "--request", "r1", "--product", "hat"),
            "--product: no candidate of this request; these are: tv, mug, socks",
        ),
        (("{recording}", "--at", "soon"), "--at: expected an ISO time"),
        (("absent.jsonl",), "absent.jsonl: cannot be read"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    recording: Path, options: tuple[str, ...], message: str
) -> None:
    given = [option.replace("{recording}", str(recording)) for option in options]
    result = run("explain", "--user", "ann", *given)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(message)
    assert len(result.stderr.splitlines()) == 1


def test_an_id_that_is_no_text_is_a_mistake(recording: Path) -> None:
    result = run("explain", recording, "--user", "ann\udcff")
    assert result.exit_code == 2
    assert result.stderr.startswith("--user: expected text in UTF-8")
