"""What a schema registry answers, and what is made of it."""

import asyncio
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.decoding import InvalidRecord
from streams.errors import UserError
from streams.kafka.registry import schema_registry, unknown_schemas
from streams.kafka.registry.client import RegistryUnavailable
from streams.kafka.registry.schema_registry import SchemaRegistry, registry_of
from streams.settings import RegistrySettings, Settings

NO_SUCH_SUBJECT = (404, {"error_code": 40401, "message": "Subject not found."})
NO_SUCH_SCHEMA = (404, {"error_code": 40403, "message": "Schema not found."})
JSON_SCHEMA = (200, {"schemaType": "JSON", "schema": "{}"})

Answers = dict[str, Any]
"""By path what is answered, as a status and JSON or text; any other path is no subject."""


class Fake:
    """A registry that answers what a test says."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.logins: set[str | None] = set()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                fake.asked.append(path)
                fake.logins.add(self.headers["Authorization"])
                status, answer = fake.answers.get(path, NO_SUCH_SUBJECT)
                content = answer.encode() if isinstance(answer, str) else orjson.dumps(answer)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def served(answers: Answers) -> Iterator[Fake]:
    fake = Fake(answers)
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield fake
    finally:
        fake.server.shutdown()
        thread.join()
        fake.server.server_close()


def registry_at(url: str, **settings: str) -> SchemaRegistry:
    registry = RegistrySettings(schemas="purchases=json", url=url, **settings)
    return SchemaRegistry(Settings(registry=registry))


def test_without_topics_that_have_schemas_there_is_no_registry() -> None:
    assert registry_of(Settings()) is None


def test_a_schema_is_asked_for_once() -> None:
    with served({"/schemas/ids/7": JSON_SCHEMA}) as fake:
        registry = registry_at(fake.url)
        assert [registry[7](b"{}"), registry[7](b"[]")] == [b"{}", b"[]"]
        assert fake.asked.count("/schemas/ids/7") == 1


def test_a_schema_is_asked_for_by_its_guid() -> None:
    guid = "f4b9bb0c-7ee4-4a6c-9de7-8e5f4a4f6e52"
    with served({f"/schemas/guids/{guid}": JSON_SCHEMA}) as fake:
        assert registry_at(fake.url)[guid](b"{}") == b"{}"


def test_a_schema_comes_with_those_that_it_refers_to() -> None:
    price = '{"type": "record", "name": "Price", "fields": [{"name": "amount", "type": "long"}]}'
    offer = '{"type": "record", "name": "Offer", "fields": [{"name": "price", "type": "Price"}]}'
    references = [{"name": "Price", "subject": "price", "version": 1}]
    answers = {
        "/schemas/ids/7": (200, {"schema": offer, "references": references}),
        "/subjects/price/versions/1": (
            200,
            {"subject": "price", "version": 1, "id": 6, "schema": price},
        ),
    }
    with served(answers) as fake:
        assert registry_at(fake.url)[7](b"\2") == b'{"price":{"amount":1}}'


def test_a_schema_that_is_not_there_is_asked_for_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unknown_schemas, "UNKNOWN_SECONDS", -1)
    with served({"/schemas/ids/7": NO_SUCH_SCHEMA}) as fake:
        registry = registry_at(fake.url)
        with pytest.raises(InvalidRecord, match="a schema that the registry has, got 7"):
            registry[7](b"{}")
        fake.answers["/schemas/ids/7"] = JSON_SCHEMA
        assert registry._missing([(b"\0\0\0\0\7{}", ())]) == [7]
        assert registry[7](b"{}") == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        (404, "<h1>Not Found</h1>"),
        (404, {"error_code": 0, "message": "no such path"}),
        (401, {"error_code": 401, "message": "who are you?"}),
        (500, {"error_code": 50001, "message": "the store is away"}),
        (503, "later"),
        (200, "<h1>Welcome</h1>"),
    ],
)
def test_any_other_answer_than_that_it_is_not_there_makes_no_dead_letters(answer: Any) -> None:
    with served({"/schemas/ids/7": answer}) as fake:
        registry = registry_at(fake.url)
        with pytest.raises(RegistryUnavailable, match=f"{fake.url}"):
            registry[7]


def test_it_is_waited_for_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_registry, "RETRY_SECONDS", 0.01)
    with served({"/schemas/ids/7": (503, "later")}) as fake:
        registry = registry_at(fake.url)

        def beat() -> None:
            if fake.asked.count("/schemas/ids/7") == 2:
                fake.answers["/schemas/ids/7"] = JSON_SCHEMA

        assert asyncio.run(registry.load_schemas([7], asyncio.Event(), beat))
        assert registry.keys() == {7}


def test_who_is_given_up_waits_no_longer() -> None:
    async def give_up_in_mid_wait(registry: SchemaRegistry) -> bool:
        given_up = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, given_up.set)
        return await registry.load_schemas([7], given_up, lambda: None)

    with served({"/schemas/ids/7": (503, "later")}) as fake:
        assert not asyncio.run(give_up_in_mid_wait(registry_at(fake.url)))


@pytest.mark.parametrize("from_file", [True, False])
def test_it_is_logged_in_to_with_name_and_password(from_file: bool, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pass:word\n")
    given = {"file": str(tmp_path / "password")} if from_file else {"": "pass:word"}
    password = {f"password{'_' * bool(k)}{k}": v for k, v in given.items()}
    with served({}) as fake:
        registry_at(fake.url, username="ann", **password)
        assert fake.logins == {"Basic " + b64encode(b"ann:pass:word").decode()}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "password")
    with pytest.raises(UserError, match=f"PASSWORD_FILE={missing}: it cannot be read"):
        registry_at(
            "http://127.0.0.1:1",
            username="ann",
            password_file=missing,
        )
    with pytest.raises(UserError, match=r"^UNHAUNT_SCHEMA_REGISTRY_…: .*No such file"):
        registry_at("http://127.0.0.1:1", ca_file=missing)


def test_what_it_takes_is_named_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka.schema_registry", None)
    with pytest.raises(UserError, match=r"Install it with: pip install 'unhaunt\[registry\]'"):
        registry_at("http://127.0.0.1:1")
