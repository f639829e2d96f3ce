"""Who may ask the service: whoever has a token, and calls it by its own name."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection

import pytest

from streams.errors import UserError
from streams.settings import ServeSettings
from streams.view.access import Access, missing_protection
from streams.view.certificate import Certificate
from streams.view.tokens import Tokens
from tests.builders import published, purchase
from tests.kafka.security import Security
from tests.served import FixedView, Served, served

OLD, NEW = "an-old-token-of-ours", "a-newer-token-of-ours"
PATH = "/v1/persons/ann"


def view() -> FixedView:
    return FixedView(ann=published(purchase("tv")) or {})


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"{OLD}\n{NEW}\n")
    return path


@pytest.fixture
def service(token_file: Path) -> Iterator[Served]:
    settings = ServeSettings(token_file=str(token_file), hosts="ads.example,unhaunt.ads")
    with served(view(), settings=settings) as service:
        yield service


# --- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
@pytest.mark.parametrize("token", [OLD, NEW])
def test_whoever_has_one_of_the_tokens_is_answered(
    service: Served, scheme: str, token: str
) -> None:
    assert service.get(PATH, Authorization=f"{scheme} {token}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": OLD},
        {"Authorization": f"Basic {OLD}"},
        {"Authorization": f"Bearer {OLD}s"},
        {"Authorization": f"Bearer {OLD[:-1]}"},
        {"Authorization": f"Bearer {OLD} {NEW}"},
        {"Authorization": "Bearer \xe9\xe9\xe9"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [PATH, "/metrics", "/openapi.json"])
def test_whoever_has_none_is_refused(service: Served, path: str, headers: dict[str, str]) -> None:
    answer = service.get(path, **headers)
    assert (answer.status, answer.body["error"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_what_is_sent_without_a_token_is_not_read(service: Served) -> None:
    with service.half_sent(b"x" * 1_000) as connection:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_whether_it_is_well_is_told_without_a_token(service: Served, path: str) -> None:
    assert service.get(path).status == 200


def test_tokens_are_changed_while_it_runs(token_file: Path) -> None:
    tokens = Tokens(token_file)
    token_file.write_text(f"{NEW}\n")
    tokens.look()
    assert (tokens.has(OLD), tokens.has(NEW)) == (False, True)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "expected a token a line, got none"),
        (b" \n\n", "expected a token a line, got none"),
        (f"{NEW}\nshort\n".encode(), "expected tokens of at least 16 characters"),
    ],
)
def test_a_file_of_tokens_that_is_none_is_told_without_what_is_in_it(
    token_file: Path, content: bytes, expected: str
) -> None:
    token_file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        Tokens(token_file)
    assert str(caught.value) == f"{token_file}: {expected}"


def test_a_file_of_tokens_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tokens: cannot be read: No such file"):
        Tokens(tmp_path / "tokens")


def test_a_file_that_becomes_wrong_leaves_the_tokens_as_they_were_and_is_logged_once(
    token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(ServeSettings(token_file=str(token_file)), "127.0.0.1")
    token_file.write_text("")
    access.look()
    access.look()
    assert [line.getMessage() for line in caplog.records] == [
        f"who may ask stays as it was: {token_file}: expected a token a line, got none"
    ]
    token_file.write_text(f"{NEW}\n")
    access.look()
    assert access._tokens is not None
    assert access._tokens.has(NEW)


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8085", "LOCALHOST.:1", "127.0.0.1", "10.0.0.7:8085", "[::1]"),
        *("[::1]:8085", "ads.example", "Ads.Example:443", "unhaunt.ads"),
    ],
)
def test_its_own_names_and_addresses_are_answered(service: Served, host: str) -> None:
    assert service.get("/health/live", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8085", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("sub.ads.example", "1:2:3", "evil.example#localhost", "evil.example:80:80", "[evil]"),
        "\xff",  # which is no UTF-8
    ],
)
@pytest.mark.parametrize("path", ["/health/live", PATH])
def test_another_name_is_refused_whatever_it_leads_to(
    service: Served, path: str, host: str
) -> None:
    answer = service.get(path, Host=host, Authorization=f"Bearer {OLD}")
    assert (answer.status, answer.body["error"]) == (421, "wrong_host")
    assert "UNHAUNT_SERVE_HOSTS" in answer.body["detail"]


def test_no_name_at_all_is_refused(service: Served) -> None:
    with service.connection() as connection:
        connection.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.0 421 ")


# --- other machines ------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.9", "::1"])
def test_this_machine_may_ask_as_it_is(host: str) -> None:
    assert missing_protection(ServeSettings(), host) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "ads.example"])
def test_others_need_a_token_and_tls(host: str) -> None:
    token = "a token (UNHAUNT_SERVE_TOKEN_FILE)"
    tls = "TLS (UNHAUNT_SERVE_CERTIFICATE_FILE, UNHAUNT_SERVE_KEY_FILE)"
    with_tls = {"certificate_file": "c.pem", "key_file": "k.pem"}
    assert missing_protection(ServeSettings(), host) == [token, tls]
    assert missing_protection(ServeSettings(token_file="t"), host) == [tls]
    assert missing_protection(ServeSettings(**with_tls), host) == [token]
    assert missing_protection(ServeSettings(token_file="t", **with_tls), host) == []


# --- TLS -----------------------------------------------------------------------------------------


def test_it_is_asked_over_tls_and_known_by_its_certificate(tmp_path: Path) -> None:
    security = Security(tmp_path / "tls")
    own = security.identity("service")
    settings = ServeSettings(certificate_file=str(own.certificate), key_file=str(own.key))
    trusting = ssl.create_default_context(cafile=str(security.authority))
    with served(view(), settings=settings) as service:
        host, port = service.address.removeprefix("https://").split(":")
        with (
            create_connection((host, int(port)), timeout=10) as plain,
            trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_who_does_not_finish_the_handshake_is_not_waited_for(tmp_path: Path) -> None:
    own = Security(tmp_path / "tls").identity("service")
    files = {"certificate_file": str(own.certificate), "key_file": str(own.key)}
    with served(view(), settings=ServeSettings(request_seconds=1, **files)) as service:
        host, port = service.address.removeprefix("https://").split(":")
        with create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(b"\x16\x03\x01")
            assert plain.recv(1) == b""


def test_a_certificate_is_changed_while_it_runs(tmp_path: Path) -> None:
    security = Security(tmp_path / "tls")
    own, other = security.identity("service"), security.identity("other")
    certificate = Certificate(own.certificate, own.key)
    own.key.write_bytes(other.key.read_bytes())
    with pytest.raises(UserError, match=r"expected a certificate and its key \(PEM\)"):
        certificate.look()
    own.certificate.write_bytes(other.certificate.read_bytes())
    certificate.look()


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("nothing")
    (tmp_path / "k.pem").write_text("nothing")
    with pytest.raises(UserError, match=r"c\.pem, .*k\.pem: expected a certificate and its key"):
        Certificate(tmp_path / "c.pem", tmp_path / "k.pem")
    with pytest.raises(UserError, match=r"missing\.pem: cannot be read: No such file"):
        Certificate(tmp_path / "missing.pem", tmp_path / "k.pem")
