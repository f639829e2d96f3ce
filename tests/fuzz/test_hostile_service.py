"""The service stands up to whatever it is asked: made of its description, or of right bytes.

It may refuse, but only as it describes: never with an error of its own, and it answers on.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas import generate
from schemas.openapi import document
from streams.view.openrtb_options import OpenRtbOptions
from tests.builders import dismissal, impressions, preference, published, purchase
from tests.served import FixedView, Served, asked, bid, served

pytest.importorskip("schemathesis")

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
"""Not whether data is taken that a schema has not: what OpenRTB has is read with leniency."""

EXAMPLES: Final = Path(generate.__file__).parent / "examples"
BIDS: Final = [orjson.loads(path.read_bytes()) for path in sorted(EXAMPLES.glob("openrtb/*.json"))]
SEEDS: Final = {
    "/v1/decide": [
        orjson.dumps(asked("tv", "mug")),
        orjson.dumps({"request_id": "r1", "user_ids": ["ann", "zoë"], "candidates": [{}]}),
        orjson.dumps([asked("tv"), asked("mug", channel="email")]),
        *(
            orjson.dumps(orjson.loads(path.read_bytes())["value"])
            for path in sorted(EXAMPLES.glob("impression-requests/valid-*.json"))
        ),
    ],
    "/v1/openrtb": [
        orjson.dumps(bid("tv", "mug", regs={"gpp": "DBABBg~BVVVVVVVVVU.YA", "gdpr": 1})),
        *(orjson.dumps(each["request"]) for each in BIDS),
    ],
}
HOSTILE: Final = (
    b"\xff", b"\x00", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b"\\", b'"',
    b"[" * 2_000, b'{"a":' * 2_000, b"[[]" * 500, b"]", b"}", b",", b":", b"null", b"true", b"NaN",
    b"-0", b"1e999", b"1e-999", b"9" * 400, b"9223372036854775808", b"-9223372036854775809",
    b"18446744073709551616", b"0.1", b"{}", b'""', b'"__class__"', b'"' + b"x" * 5_000 + b'"',
    b" " * 5_000,
)  # fmt: skip
"""What somebody puts where it does not belong."""


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    lists = {
        "ann": published(
            purchase("tv"),
            dismissal("not_interested", product_id="mug", price=10),
            preference(sensitive_topics="granted"),
        ),
        "0": published(*impressions(*range(7)), dismissal("inappropriate", category="IAB7")),
    }
    view = FixedView(**{name: each or {} for name, each in lists.items()})
    places = ["user.id", "user.buyeruid", "device.ifa", "id5-sync.com"]
    with served(view, OpenRtbOptions(places, [{"product_id": "tv"}])) as service:
        yield service


# --- made of its description ---------------------------------------------------------------------


def fuzz(service: Served, folder: Path, *options: str) -> None:
    described = folder / "openapi.json"
    described.write_bytes(orjson.dumps(document()))
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(described)]
    always = [
        *("--url", service.address, "--checks", ",".join(CHECKS), "--mode", "all", "--no-color"),
        *("--phases", "examples,coverage,fuzzing", "--generation-database", "none"),
        *("--warnings", "off"),
    ]
    result = subprocess.run(
        [*command, *always, *options], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "No issues found" in result.stdout
    assert service.is_ready


def test_nothing_that_is_made_of_its_description_or_against_it_makes_it_fail(
    service: Served, tmp_path: Path
) -> None:
    fuzz(service, tmp_path, "--max-examples", "20", "--seed", "7")


@pytest.mark.fuzz
@pytest.mark.timeout(900)
def test_nor_does_anything_in_ten_minutes(service: Served, tmp_path: Path) -> None:
    fuzz(service, tmp_path, "--max-examples", "1000000", "--max-time", "600")


# --- made of right bytes -------------------------------------------------------------------------


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path, and a body that was right for it until somebody cut pieces out or put some in."""
    path = draw(st.sampled_from(sorted(SEEDS)))
    body = draw(st.sampled_from(SEEDS[path]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.sampled_from([0, 0, 1, 2, 10, len(body)])))
        put = draw(st.sampled_from(HOSTILE) | st.binary(max_size=3) | st.just(body[start:end] * 9))
        body = body[:start] + put + body[end:]
    return path, body


def check(service: Served, path: str, body: bytes) -> None:
    """It is answered, or refused with a code and words."""
    answer = service.post(path, body)
    assert answer.status in (200, 400)
    if answer.status == 400:
        assert answer.body.keys() == {"error", "detail"}
        assert 0 < len(answer.body["detail"].encode()) < 4_000


quickly: Any = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
at_length: Any = settings(
    quickly, max_examples=30_000, phases=(Phase.generate, Phase.target, Phase.shrink)
)


@quickly
@given(bodies())
def test_no_body_that_was_tampered_with_makes_it_fail(
    service: Served, tampered: tuple[str, bytes]
) -> None:
    check(service, *tampered)


@pytest.mark.fuzz
@pytest.mark.timeout(1_800)
@at_length
@given(bodies())
def test_nor_does_one_of_thirty_thousand(service: Served, tampered: tuple[str, bytes]) -> None:
    check(service, *tampered)


# --- no HTTP -------------------------------------------------------------------------------------

HEADS: Final = (
    b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /v1/persons/ann HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    b"POST /v1/openrtb HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
    b"Content-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text\r\n\r\n",
)
ODD: Final = (
    b"\r\n", b"\r", b"\n", b"\x00", b"\xff", b" ", b":", b"HTTP/9.9", b"Host: evil.example\r\n",
    b"Content-Length: -1\r\n", b"Content-Length: 99999999999\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"%00", b"%ff", b"/../",
    b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    b"A: " + b"a" * 9_000 + b"\r\n", b"If-None-Match: \"\r\n", b"Authorization: Bearer \xff\r\n",
    b"Content-Encoding: deflate\r\n", b"Content-Encoding: br\r\n", b"Connection: close\r\n",
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """What was a request until somebody tampered with it."""
    message = draw(st.sampled_from(HEADS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(message)))
        end = min(len(message), start + draw(st.sampled_from([0, 0, 1, 5])))
        put = draw(st.sampled_from(ODD) | st.binary(max_size=2))
        message = message[:start] + put + message[end:]
    return message


@quickly
@given(messages())
def test_whatever_comes_over_a_connection_is_no_error_of_its_own(
    service: Served, message: bytes
) -> None:
    with service.connection() as connection:
        connection.sendall(message)
        connection.shutdown(1)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    assert not answer or answer.startswith(b"HTTP/")
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert service.is_ready
