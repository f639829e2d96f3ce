"""The HTTP service does what its OpenAPI document says, whatever it is asked."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from schemas.decoding import MAX_FUTURE_MS, MAX_PAST_MS
from schemas.openapi import document
from tests.builders import NOW, dismissal, preference, published, purchase
from tests.served import FixedView, served

schemathesis = pytest.importorskip("schemathesis")
NOT_SET = pytest.importorskip("schemathesis.core").NOT_SET
GenerationMode = pytest.importorskip("schemathesis.generation").GenerationMode

OPERATIONS = [
    (path, method.upper()) for path, item in document()["paths"].items() for method in item
]


@pytest.fixture(scope="module")
def described() -> Iterator[Any]:
    lists = {
        "0": published(purchase("0"), preference(sensitive_topics="granted")),
        "ann": published(dismissal("not_interested", product_id="tv", price=10)),
    }
    openapi = document()
    # What the schemas do not say: a time is refused that is a day ahead or ten years back.
    fields = openapi["components"]["schemas"]
    fields["Request"]["properties"]["ts"] |= {
        "minimum": NOW - MAX_PAST_MS,
        "maximum": NOW + MAX_FUTURE_MS,
    }
    fields["Candidate"]["properties"]["interest_at"]["minimum"] = -(2**63)
    # Nor that the ids of impressions differ.
    fields["BidRequest"]["properties"]["imp"]["maxItems"] = 1
    with served(FixedView(**{name: each or {} for name, each in lists.items()})) as service:
        schema = schemathesis.openapi.from_dict(openapi)
        schema.config.update(base_url=service.address)
        yield schema


def check(operation: Any, mode: Any) -> None:
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(max_examples=50, deadline=None)
    def is_answered_as_described(case: Any) -> None:
        if case.body is not NOT_SET:
            case.body = with_whole_numbers(case.body)
        case.call_and_validate()

    is_answered_as_described()


def with_whole_numbers(body: Any) -> Any:
    """The same without integers written as 1.0, which JSON Schema allows and decoding refuses."""
    if isinstance(body, dict):
        return {name: with_whole_numbers(value) for name, value in body.items()}
    if isinstance(body, list):
        return [with_whole_numbers(value) for value in body]
    is_whole = isinstance(body, float) and body.is_integer() and abs(body) < 2**63
    return int(body) if is_whole else body


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_is_asked_as_described_is_answered_as_described(
    described: Any, path: str, method: str
) -> None:
    check(described[path][method], GenerationMode.POSITIVE)


def test_what_is_asked_otherwise_is_refused_as_described(described: Any) -> None:
    check(described["/v1/decide"]["POST"], GenerationMode.NEGATIVE)
