"""What schemas/README.md says is what the types of the contract hold."""

from typing import Final, get_args

import msgspec
import pytest

from schemas.outputs import DeadLetterHeaders, ErrorCode
from schemas.records import Candidate, OrderProduct
from schemas.rules import REASONS_WITHOUT_TARGET, TARGET_FIELDS
from schemas.topics import TOPICS, Topic
from tests.documents.pages import Page

PAGE: Final = Page("schemas/README.md")

ATTRIBUTES: Final = {"item_group_id", "categories", "brand", "advertiser_id"}

TABLES: Final = {
    **{
        f"field of `{name}`": topic.record
        for name, topic in TOPICS.items()
        if topic.direction == "in"
    },
    "field of a candidate": Candidate,
    "field of a product in an order": OrderProduct,
}
"""The type whose fields each table describes, by the title of the table's first column."""


def test_the_table_of_topics_is_that_of_the_contract() -> None:
    def row(topic: Topic) -> list[str]:
        direction = f"{topic.direction}, optional" if topic.optional else topic.direction
        return [topic.name, topic.key or "as received", direction, topic.cleanup]

    assert [shown[:4] for shown in PAGE.table("topic")] == [row(topic) for topic in TOPICS.values()]


def names(first_cell: str) -> set[str]:
    """The fields that a row is about; the attributes of a product stand in one row."""
    if first_cell == "attributes":
        return ATTRIBUTES
    if first_cell == "product_id`, `category`, `brand` or `advertiser_id":
        return set(TARGET_FIELDS)
    return {first_cell}


@pytest.mark.parametrize("title", TABLES)
def test_the_table_of_a_topic_names_every_field_and_no_other(title: str) -> None:
    shown = set().union(*(names(row[0]) for row in PAGE.table(title)))
    fields = {field.name for field in msgspec.structs.fields(TABLES[title])}
    # The page says of all person topics at once that these may stand in the value. The product of
    # the catalog is named by the key, so its type does not have it.
    assert shown - {"product_id"} == fields - {"user_id", "ts", "product_id"}


@pytest.mark.parametrize("title", TABLES)
def test_a_field_is_called_required_where_it_is(title: str) -> None:
    required = {
        field.name
        for field in msgspec.structs.fields(TABLES[title])
        if field.default is msgspec.NODEFAULT and field.name not in ("user_id", "ts")
    }
    assert {row[0] for row in PAGE.table(title) if row[1].endswith("required")} == required


def test_the_codes_of_dead_letters_are_those_that_there_are() -> None:
    assert [row[0] for row in PAGE.table("code")] == list(get_args(ErrorCode))


def test_the_headers_of_dead_letters_are_those_that_there_are() -> None:
    shown = [name.strip("` ") for row in PAGE.table("header") for name in row[0].split(",")]
    fields = msgspec.structs.fields(DeadLetterHeaders)
    assert shown == [field.encode_name for field in fields]


def test_the_reasons_that_need_no_target_are_those_of_the_rules() -> None:
    [target] = [row for row in PAGE.table("field of `dismissals`") if "the target" in row[2]]
    reasons = " or ".join(f"`{reason}`" for reason in REASONS_WITHOUT_TARGET)
    assert f"unless the reason is {reasons}, or the action is `restored" in target[2]


def test_what_is_to_be_edited_for_a_change_is_there() -> None:
    files = [name.strip("` ") for row in PAGE.table("to change") for name in row[1].split(",")]
    assert [name for name in files if not (PAGE.path.parent / name).exists()] == []
