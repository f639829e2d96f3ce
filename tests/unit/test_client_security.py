"""TLS and SASL from one set of settings, as each of the two Kafka clients is told."""

import asyncio
import base64
import ssl
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

import msgspec
import orjson
import pytest

from streams.errors import UserError
from streams.kafka.security import OPAQUE_SECONDS, for_aiokafka, for_librdkafka
from streams.settings import KafkaSettings, Settings
from streams.supervision.worker_process import environment_of
from tests.kafka.security import Security

BY_PASSWORD = KafkaSettings(
    security_protocol="SASL_PLAINTEXT",
    sasl_mechanism="SCRAM-SHA-256",
    sasl_username="shop",
    sasl_password="secret",
)
CLIENTS = (for_librdkafka, for_aiokafka)

ConfigurationOf = Callable[[KafkaSettings], dict[str, Any]]


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> Security:
    return Security(tmp_path_factory.mktemp("tls") / "security")


def changed(settings: KafkaSettings, **fields: object) -> KafkaSettings:
    return msgspec.structs.replace(settings, **fields)


def by_token(path: Path) -> KafkaSettings:
    return KafkaSettings(
        security_protocol="SASL_PLAINTEXT", sasl_mechanism="OAUTHBEARER", sasl_token_file=str(path)
    )


def json_web_token(**claims: object) -> str:
    part = base64.urlsafe_b64encode(orjson.dumps(claims)).decode().rstrip("=")
    return f"header.{part}.signature"


def test_without_a_word_nothing_is_encrypted_and_nobody_logs_in() -> None:
    assert for_librdkafka(KafkaSettings()) == {"security.protocol": "PLAINTEXT"}
    assert for_aiokafka(KafkaSettings()) == {"security_protocol": "PLAINTEXT"}


def test_both_clients_log_in_with_the_same_name_and_password() -> None:
    assert for_librdkafka(BY_PASSWORD) == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "shop",
        "sasl.password": "secret",
    }
    assert for_aiokafka(BY_PASSWORD) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": "shop",
        "sasl_plain_password": "secret",
    }


@pytest.mark.parametrize("configuration_of", CLIENTS)
@pytest.mark.parametrize("content", ["of the file", "of the file\n", "of the file\r\n"])
def test_the_password_of_a_file_is_without_its_line_break(
    tmp_path: Path, configuration_of: ConfigurationOf, content: str
) -> None:
    (tmp_path / "password").write_bytes(content.encode())
    settings = changed(BY_PASSWORD, sasl_password="", sasl_password_file=str(tmp_path / "password"))
    assert "of the file" in configuration_of(settings).values()


@pytest.mark.parametrize("configuration_of", CLIENTS)
@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"", "is empty"), (b"\xff", "UTF-8")]
)
def test_a_file_without_a_password_is_named(
    tmp_path: Path, configuration_of: ConfigurationOf, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    settings = changed(BY_PASSWORD, sasl_password="", sasl_password_file=str(path))
    with pytest.raises(UserError, match=reason) as caught:
        configuration_of(settings)
    assert str(caught.value).startswith(f"UNHAUNT_SASL_PASSWORD_FILE={path}: ")


def test_a_token_is_read_again_whenever_one_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first")
    of_librdkafka = for_librdkafka(by_token(path))["oauth_cb"]
    of_aiokafka = for_aiokafka(by_token(path))["sasl_oauth_token_provider"]
    path.write_text("second\n")
    assert of_librdkafka("")[0] == "second"
    assert asyncio.run(of_aiokafka.token()) == "second"


def test_a_token_is_good_until_the_time_that_it_says(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(json_web_token(sub="shop", exp=1_700_000_000))
    assert for_librdkafka(by_token(path))["oauth_cb"]("")[1] == 1_700_000_000


@pytest.mark.parametrize(
    "token", ["opaque", "a.b", "a.e30.c", json_web_token(exp="soon"), json_web_token(exp=None)]
)
def test_a_token_that_says_no_time_is_soon_read_again(tmp_path: Path, token: str) -> None:
    path = tmp_path / "token"
    path.write_text(token)
    began = time()
    _, until = for_librdkafka(by_token(path))["oauth_cb"]("")
    assert began + OPAQUE_SECONDS <= until <= time() + OPAQUE_SECONDS


def test_a_token_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="UNHAUNT_SASL_TOKEN_FILE"):
        for_librdkafka(by_token(tmp_path / "absent"))


def test_both_clients_trust_one_authority_and_show_one_certificate(security: Security) -> None:
    own = security.identity("own")
    settings = KafkaSettings(
        security_protocol="SSL",
        ssl_ca_file=str(security.authority),
        ssl_certificate_file=str(own.certificate),
        ssl_key_file=str(own.key),
    )
    assert for_librdkafka(settings) == {
        "security.protocol": "SSL",
        "ssl.ca.location": str(security.authority),
        "ssl.certificate.location": str(own.certificate),
        "ssl.key.location": str(own.key),
    }
    context = for_aiokafka(settings)["ssl_context"]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


def test_without_an_authority_those_of_the_system_are_trusted() -> None:
    settings = KafkaSettings(security_protocol="SSL")
    assert for_librdkafka(settings) == {"security.protocol": "SSL"}
    assert for_aiokafka(settings)["ssl_context"].verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("configuration_of", CLIENTS)
def test_a_file_of_tls_that_cannot_be_used_is_named(
    tmp_path: Path, security: Security, configuration_of: ConfigurationOf
) -> None:
    path = tmp_path / "no.pem"
    with pytest.raises(UserError, match=f"UNHAUNT_SSL_CA_FILE={path}: .*No such file"):
        configuration_of(KafkaSettings(security_protocol="SSL", ssl_ca_file=str(path)))
    path.write_text("no certificate")
    with pytest.raises(UserError, match=f"UNHAUNT_SSL_CA_FILE={path}: cannot be used"):
        configuration_of(KafkaSettings(security_protocol="SSL", ssl_ca_file=str(path)))
    with pytest.raises(UserError, match=f"UNHAUNT_SSL_CERTIFICATE_FILE={path}: cannot be used"):
        configuration_of(
            KafkaSettings(
                security_protocol="SSL",
                ssl_certificate_file=str(path),
                ssl_key_file=str(security.identity("own").key),
            )
        )


def test_a_worker_of_a_unit_is_given_the_secrets_that_the_unit_has() -> None:
    settings = Settings(kafka=BY_PASSWORD)
    assert Settings.from_environment(environment_of(settings)) == settings
