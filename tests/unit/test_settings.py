"""The settings of a worker, read from the environment."""

from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from streams.settings import (
    KafkaSettings,
    RegistrySettings,
    ServeSettings,
    Settings,
    SettingsError,
    described,
    variables_of,
)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()


def test_variables_of_other_programs_are_none_of_ours() -> None:
    assert Settings.from_environment({"BROKERS": "elsewhere:1", "HOME": "/"}) == Settings()


def test_text_becomes_the_type_of_the_setting() -> None:
    settings = Settings.from_environment(
        {"UNHAUNT_BROKERS": "a:1,b:2", "UNHAUNT_SESSION_SECONDS": "30"}
    )
    assert (settings.kafka.brokers, settings.session_seconds) == ("a:1,b:2", 30)


def test_a_name_that_looks_like_a_number_stays_a_name() -> None:
    assert Settings.from_environment({"UNHAUNT_INSTANCE": "0"}).instance == "0"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("UNHAUNT_BATCH_RECORDS", "many", "Expected `int`"),
        ("UNHAUNT_BATCH_RECORDS", "1.5", "Expected `int`"),
        ("UNHAUNT_BATCH_RECORDS", "", "Expected `int`"),
        ("UNHAUNT_BATCH_RECORDS", "0", ">= 1"),
        ("UNHAUNT_BATCH_RECORDS", "2147483648", "<= 2147483647"),
        ("UNHAUNT_SESSION_SECONDS", "5", ">= 6"),
        ("UNHAUNT_SESSION_SECONDS", "301", "<= 300"),
        ("UNHAUNT_DEAD_LETTER_PERCENT", "101", "<= 100"),
        ("UNHAUNT_GUARANTEE", "at_most_once", "at_most_once"),
        ("UNHAUNT_LOG_LEVEL", "INFO", "INFO"),
        ("UNHAUNT_BROKERS", "", "length >= 1"),
        ("UNHAUNT_APPLICATION", "", "regex"),
        ("UNHAUNT_APPLICATION", "my app", "regex"),
        ("UNHAUNT_INSTANCE", "../other", "regex"),
        ("UNHAUNT_TOPIC_PREFIX", "x" * 101, "regex"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({variable: value})
    message = str(caught.value)
    assert message.startswith(f"{variable}={value!r}: ")
    assert expected in message
    assert "\n" not in message


def test_an_unknown_setting_is_named_and_where_the_known_ones_are_listed() -> None:
    with pytest.raises(SettingsError, match=r"^UNHAUNT_BROKER: unknown.*unhaunt settings"):
        Settings.from_environment({"UNHAUNT_BROKER": "127.0.0.1:9092"})


def test_what_only_the_tests_read_is_no_unknown_setting() -> None:
    assert Settings.from_environment({"UNHAUNT_DATA": "/data"}) == Settings()


def test_every_setting_is_described_with_its_value_and_its_default() -> None:
    rows = {variable: rest for variable, *rest in described(Settings(session_seconds=30))}
    sections = (KafkaSettings, RegistrySettings, ServeSettings, Settings)
    names = {name for section in sections for name in section.__struct_encode_fields__}
    names -= {"kafka", "registry", "serve"}
    assert rows.keys() == {f"UNHAUNT_{name.upper()}" for name in names}
    assert rows["UNHAUNT_SESSION_SECONDS"][:2] == ["30", "8"]
    assert all(meaning.endswith(".") for _, _, meaning in rows.values())


def test_what_is_written_for_another_process_is_read_there_as_it_was() -> None:
    settings = Settings(
        kafka=KafkaSettings(
            brokers="kafka:9093",
            security_protocol="SASL_SSL",
            sasl_username="shop",
            sasl_password="secret",
        ),
        registry=RegistrySettings(schemas="purchases=avro", url="http://registry:8081"),
        session_seconds=30,
    )
    assert Settings.from_environment(variables_of(settings)) == settings


def test_what_is_described_can_be_set_again() -> None:
    environment = {variable: value for variable, value, _, _ in described(Settings(instance="a"))}
    assert Settings.from_environment(environment) == Settings(instance="a")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "UNHAUNT_SASL_USERNAME: expected a name"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_USERNAME": "a"}, "expected one of the two"),
        (
            {
                "SECURITY_PROTOCOL": "SASL_SSL",
                "SASL_USERNAME": "a",
                "SASL_PASSWORD": "b",
                "SASL_PASSWORD_FILE": "c",
            },
            "expected one of the two",
        ),
        (
            {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "OAUTHBEARER"},
            "UNHAUNT_SASL_TOKEN_FILE: expected a file",
        ),
        (
            {
                "SECURITY_PROTOCOL": "SASL_SSL",
                "SASL_MECHANISM": "OAUTHBEARER",
                "SASL_TOKEN_FILE": "t",
                "SASL_PASSWORD": "b",
            },
            "UNHAUNT_SASL_PASSWORD: it is set, but",
        ),
        ({"SASL_PASSWORD": "b"}, "UNHAUNT_SASL_PASSWORD: it is set, but"),
        ({"SSL_CA_FILE": "ca.pem"}, "UNHAUNT_SSL_CA_FILE: it is set, but"),
        (
            {"SECURITY_PROTOCOL": "SSL", "SSL_CERTIFICATE_FILE": "own.pem"},
            "expected both or neither",
        ),
    ],
)
def test_settings_of_tls_and_sasl_that_do_not_fit_together_are_named(
    given: dict[str, str], expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({f"UNHAUNT_{name}": value for name, value in given.items()})
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_that_do_not_fit_together_cannot_be_made_in_python_either() -> None:
    with pytest.raises(SettingsError, match=r"^UNHAUNT_SASL_USERNAME: expected a name"):
        KafkaSettings(security_protocol="SASL_SSL")
    with pytest.raises(SettingsError, match=r"^UNHAUNT_SCHEMA_REGISTRY_URL: expected the address"):
        RegistrySettings(schemas="purchases=avro")
    with pytest.raises(SettingsError, match=r"^UNHAUNT_FORMATS='purchases': "):
        Settings(formats="purchases")


def test_the_password_for_the_brokers_is_shown_nowhere() -> None:
    kafka = KafkaSettings(
        security_protocol="SASL_SSL", sasl_username="shop", sasl_password="my secret"
    )
    settings = Settings(kafka=kafka)
    assert "my secret" not in repr(settings)
    assert "my secret" not in pretty_repr(settings)
    assert "my secret" not in str(described(settings))
    assert "sasl_username='shop'" in repr(settings)


def test_a_worker_with_an_instance_keeps_its_name_over_a_restart() -> None:
    assert Settings(instance="a").member == "a"
    assert Settings().member != Settings().member


def test_deployments_and_instances_keep_their_state_apart() -> None:
    assert Settings(state_folder="s", application="x", instance="a").folder == Path("s/x/a")
    assert Settings(state_folder="s", application="x").folder == Path("s/x/worker")


def test_topics_of_a_deployment_have_its_prefix_and_the_processors_own_its_name() -> None:
    settings = Settings(application="x", topic_prefix="shop.")
    assert settings.topic("purchases") == "shop.purchases"
    assert (settings.changelog, settings.reroute) == ("x-persons-changelog", "x-reroute")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SCHEMAS": "purchases=avro"}, "UNHAUNT_SCHEMA_REGISTRY_URL: expected the address"),
        ({"SCHEMAS": "purchases"}, "UNHAUNT_SCHEMAS='purchases': purchases: expected one of"),
        ({"SCHEMA_REGISTRY_URL": "registry:8081"}, "UNHAUNT_SCHEMA_REGISTRY_URL='registry:8081'"),
        ({"SCHEMA_REGISTRY_USERNAME": "ann"}, "expected one of the two"),
        ({"SCHEMA_REGISTRY_PASSWORD": "secret"}, "expected one of the two"),
        (
            {
                "SCHEMA_REGISTRY_USERNAME": "ann",
                "SCHEMA_REGISTRY_PASSWORD": "secret",
                "SCHEMA_REGISTRY_PASSWORD_FILE": "/password",
            },
            "expected one of the two",
        ),
    ],
)
def test_what_a_schema_registry_needs_is_asked_for(
    variables: dict[str, str], expected: str
) -> None:
    with pytest.raises(SettingsError, match=expected):
        Settings.from_environment({f"UNHAUNT_{name}": text for name, text in variables.items()})


def test_a_password_is_shown_nowhere() -> None:
    settings = Settings(registry=RegistrySettings(username="ann", password="secret"))
    assert "secret" not in repr(settings)
    assert "secret" not in pretty_repr(settings)
    assert "secret" not in str(described(settings))
    assert "username='ann', password='********'" in repr(settings)
