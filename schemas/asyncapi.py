"""The AsyncAPI 3 document: every topic with its key, messages and Kafka configuration."""

from typing import Any

from schemas.json_schema import definitions_of, struct_schemas
from schemas.outputs import DeadLetterHeaders
from schemas.topics import PERSON_TOPICS, TOPICS, Topic

Document = dict[str, Any]

CONTRACT_VERSION = "1.0.0"
KAFKA_BINDING = "0.5.0"
SCHEMA_REF = "#/components/schemas/{name}"
DEAD_LETTER = "DeadLetter"
TOMBSTONE = "Tombstone"


def document() -> Document:
    """The whole document, topics in the order of the registry."""
    topics = TOPICS.values()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Unhaunt",
            "version": CONTRACT_VERSION,
            "description": "Retargeting suppression: what people bought or rejected stops "
            "following them. Times are event times in epoch milliseconds. Fields that are not "
            "named here are ignored.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {_operation_name(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {name: body for topic in topics for name, body in _messages(topic).items()},
            "schemas": _schemas(),
        },
    }


def _channel(topic: Topic) -> Document:
    return {
        "address": topic.name,
        "description": _channel_description(topic),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {"cleanup.policy": [topic.cleanup]},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _channel_description(topic: Topic) -> str:
    notes = [topic.description]
    if topic.optional:
        notes.append("Optional.")
    if topic.name in PERSON_TOPICS:
        notes.append(
            "The person topics all have the same number of partitions, and a key's partition is "
            "chosen by murmur2 as Kafka's Java clients do, so that a person's records meet."
        )
    return " ".join(notes)


def _operation_name(topic: Topic) -> str:
    words = "".join(word.capitalize() for word in topic.name.split("-"))
    return f"{'receive' if topic.direction == 'in' else 'send'}{words}"


def _operation(topic: Topic) -> Document:
    return {
        "action": "receive" if topic.direction == "in" else "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.description,
        "messages": [
            {"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in _messages(topic)
        ],
    }


def _messages(topic: Topic) -> dict[str, Document]:
    if topic.record is None:
        return {DEAD_LETTER: _dead_letter(topic)}
    name = topic.record.__name__
    value = {
        "name": name,
        "summary": (topic.record.__doc__ or topic.description).partition("\n")[0],
        "contentType": "application/json",
        "payload": {"$ref": SCHEMA_REF.format(name=name)},
        "bindings": _key_binding(f"{topic.key} in UTF-8"),
    }
    if topic.cleanup != "compact":
        return {name: value}
    removal = {
        "name": f"{name}{TOMBSTONE}",
        "summary": f"A null value: there is no longer anything to say of this {topic.key}.",
        "payload": {"type": "null"},
        "bindings": _key_binding(f"{topic.key} in UTF-8"),
    }
    return {name: value, f"{name}{TOMBSTONE}": removal}


def _dead_letter(topic: Topic) -> Document:
    return {
        "name": DEAD_LETTER,
        "summary": topic.description,
        "contentType": "application/octet-stream",
        "headers": {"$ref": SCHEMA_REF.format(name=DeadLetterHeaders.__name__)},
        "payload": {"description": "The value as received; any bytes, or null."},
        "bindings": _key_binding("The key as received; any bytes, or null"),
    }


def _key_binding(description: str) -> Document:
    key = {"type": "string", "description": f"{description}."}
    return {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}}


def _schemas() -> Document:
    schemas: Document = {}
    for topic in TOPICS.values():
        if topic.record is not None:
            schemas.update(definitions_of(topic, SCHEMA_REF))
    schemas.update(struct_schemas(DeadLetterHeaders, SCHEMA_REF))
    return dict(sorted(schemas.items()))
