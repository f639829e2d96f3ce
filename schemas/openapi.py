"""The OpenAPI 3.1 document of the HTTP service of a view (`unhaunt serve`)."""

from typing import Any, Final

from msgspec import Struct

from schemas.answers import Decided, Health, Problem
from schemas.asked import MOST_IDS
from schemas.asyncapi import CONTRACT_VERSION, SCHEMA_REF
from schemas.json_schema import definitions_of, struct_schemas
from schemas.openrtb.described import bid_request
from schemas.outputs import SuppressionList
from schemas.topics import TOPICS

Document = dict[str, Any]

BID_REQUEST: Final = "BidRequest"
MOST_AT_ONCE: Final = 1_000
"""Requests in one batch."""


def document() -> Document:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Unhaunt",
            "version": CONTRACT_VERSION,
            "description": "What must not follow a person, and which products a request may show, "
            "by the lists that stand. Times are event times in epoch milliseconds. Fields that "
            "are not named here are ignored.",
        },
        "paths": {
            "/v1/persons/{user_id}": {"get": _person()},
            "/v1/decide": {"post": _decide()},
            "/v1/openrtb": {"post": _openrtb()},
            "/health/live": {"get": _health("Whether the process does its work.")},
            "/health/ready": {"get": _health("Whether it can answer.")},
            "/metrics": {"get": _metrics()},
        },
        "components": {"schemas": _schemas()},
    }


def _person() -> Document:
    user_id = {
        "name": "user_id",
        "in": "path",
        "required": True,
        "description": "The person.",
        "schema": {"type": "string", "minLength": 1},
    }
    known = {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of the list that is known already.",
        "schema": {"type": "string"},
    }
    return {
        "operationId": "person",
        "summary": "The list of a person: what must no longer follow them.",
        "parameters": [user_id, known],
        "responses": {
            "200": _answer("The list that stands.", SuppressionList, _FRESH | _ETAG),
            "304": {"description": "The list is the one that is known.", "headers": _FRESH | _ETAG},
            **_REFUSED,
            "404": _answer("The person has no list: nothing is held against them.", Problem),
            **_UNAVAILABLE,
        },
    }


def _decide() -> Document:
    one = {"$ref": SCHEMA_REF.format(name="Request")}
    batch = {"type": "array", "items": one, "maxItems": MOST_AT_ONCE}
    decided = {"$ref": SCHEMA_REF.format(name=Decided.__name__)}
    decisions = {"oneOf": [decided, {"type": "array", "items": decided}]}
    return {
        "operationId": "decide",
        "summary": "The decision on a request, or on each of several, in their order.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [one, batch]}}},
        },
        "responses": {
            "200": {
                "description": "What may be shown, and what may not and why.",
                "content": {"application/json": {"schema": decisions}},
            },
            "400": _answer("A request breaks the contract, or has too many candidates.", Problem),
            **_REFUSED,
            **_NOT_READ,
            **_UNAVAILABLE,
        },
    }


def _openrtb() -> Document:
    request = {"$ref": SCHEMA_REF.format(name=BID_REQUEST)}
    content = {"application/json": {"schema": request}}
    return {
        "operationId": "openrtb",
        "summary": "A bid request with what is suppressed written into it.",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "The same, `bcat` and `badv` widened, with the decision on the "
                "candidates of each impression in its `ext.unhaunt.decision`. `ext.unhaunt` of the "
                "request says which fields deny consent, which could not be read, and why all is "
                "suppressed if it is.",
                "content": content,
                "headers": _FRESH,
            },
            "400": _answer(
                "It is no bid request, it is too large, or its candidates break the contract.",
                Problem,
            ),
            **_REFUSED,
            **_NOT_READ,
            **_UNAVAILABLE,
        },
    }


def _metrics() -> Document:
    text = {"schema": {"type": "string"}}
    return {
        "summary": "What was asked and how fresh the copy is, for Prometheus.",
        "responses": {
            "200": {
                "description": "All metrics, in the form that is asked for.",
                "content": {"text/plain": text, "application/openmetrics-text": text},
            },
            **_REFUSED,
        },
    }


def _health(summary: str) -> Document:
    return {
        "summary": summary,
        "responses": {
            "200": _answer("It is.", Health),
            "421": _REFUSED["421"],
            "503": _answer("It is not.", Health),
        },
    }


def _answer(description: str, record: type[Struct], headers: Document | None = None) -> Document:
    schema = {"$ref": SCHEMA_REF.format(name=record.__name__)}
    answer: Document = {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }
    return {**answer, "headers": headers} if headers else answer


def _header(description: str, kind: str) -> Document:
    return {"description": description, "schema": {"type": kind}}


_FRESH: Final[Document] = {
    "Unhaunt-Known": _header("Whether there is a list of the person, by any id.", "boolean"),
    "Unhaunt-Age": _header("How many seconds ago the copy was last known to be level.", "number"),
    "Unhaunt-Level-At": _header("When that was, in epoch milliseconds.", "integer"),
}
_ETAG: Final[Document] = {"ETag": _header("Changes with the list.", "string")}
_RETRY: Final[Document] = {"Retry-After": _header("After so many seconds, ask again.", "integer")}
_REFUSED: Final[Document] = {
    "401": _answer("There are tokens, and `Authorization: Bearer` names none of them.", Problem),
    "421": _answer("`Host` is another name than the service's.", Problem),
}
_NOT_READ: Final[Document] = {
    "408": _answer("The body did not come in time.", Problem),
    "413": _answer("The body is too large.", Problem),
}
_UNAVAILABLE: Final[Document] = {
    "503": _answer(
        "The lists have not been read to their end yet, or it has too much to do.", Problem, _RETRY
    )
}


def _schemas() -> Document:
    schemas = definitions_of(TOPICS["impression-requests"], SCHEMA_REF)
    _name_the_person(schemas["Request"])
    candidates = {"type": "array", "items": {"$ref": SCHEMA_REF.format(name="Candidate")}}
    schemas[BID_REQUEST] = bid_request(candidates)
    for record in (SuppressionList, Decided, Health, Problem):
        schemas.update(struct_schemas(record, SCHEMA_REF))
    return dict(sorted(schemas.items()))


def _name_the_person(request: Document) -> None:
    """A request on its topic has a key, and a time; one over HTTP says the first itself."""
    request["properties"] |= {
        "user_id": {"type": "string", "description": "The person."},
        "user_ids": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": MOST_IDS,
            "uniqueItems": True,
            "description": "Or several ids of the person, by whose lists together is decided. The "
            "holdout goes by the first, which the decision names.",
        },
    }
    request["properties"]["ts"]["description"] = (
        "Event time in epoch milliseconds; now when absent."
    )
    request["oneOf"] = [{"required": ["user_id"]}, {"required": ["user_ids"]}]
