"""Rows of a table as events: columns are named after paths."""

import pytest

from streams.recording.importing.columns import DEEPEST, Columns, TableOptions


def event_of(names: list[str], texts: list[str], **options: list[tuple[str, str]]) -> object:
    return Columns(names, TableOptions(**options)).event_of_texts(texts)


def test_a_path_leads_through_objects_and_arrays() -> None:
    names = ["userId", "properties.products.1.id", "properties.products.0.id", "properties.total"]
    assert event_of(names, ["ann", "mug", "tv", "516"]) == {
        "userId": "ann",
        "properties": {"products": [{"id": "tv"}, {"id": "mug"}], "total": "516"},
    }


def test_an_empty_value_is_nothing_and_leaves_no_gap() -> None:
    assert event_of(["a", "p.0.id", "p.1.id", "p.2.id"], ["", "tv", "", "mug"]) == {
        "p": [{"id": "tv"}, {"id": "mug"}]
    }


def test_a_column_without_a_name_is_left_out() -> None:
    assert event_of(["a", ""], ["1", "2"]) == {"a": "1"}


def test_a_renamed_column_stands_where_it_is_said_and_nowhere_else() -> None:
    renamed = [("order", "order_id"), ("order", "event_id")]
    assert event_of(["order"], ["7"], renamed=renamed) == {"order_id": "7", "event_id": "7"}


def test_what_is_set_stands_in_every_event() -> None:
    constants = [("type", "track"), ("properties.quantity", "2")]
    assert event_of(["properties.id"], ["tv"], constants=constants) == {
        "type": "track",
        "properties": {"id": "tv", "quantity": 2},
    }


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("price", "8.50", 8.5),
        ("products.0.quantity", " 2 ", 2),
        ("ts", "1700000000000", 1_700_000_000_000),
        ("own_site", "TRUE", True),
        ("price", "8,50", "8,50"),
        ("price", "null", "null"),
        ("product_id", "0815", "0815"),
        ("order_id", "1e3", "1e3"),
        ("name", "true", "true"),
        ("items", '[{"id": "tv"}]', [{"id": "tv"}]),
        ("items", "[not JSON", "[not JSON"),
        ("contexts", '{"data": []}', {"data": []}),
    ],
)
def test_a_text_is_a_number_where_the_contract_has_numbers_and_json_where_it_is_an_array_or_object(
    path: str, text: str, value: object
) -> None:
    for part in reversed(path.split(".")):
        value = [value] if part == "0" else {part: value}
    assert event_of([path], [text]) == value


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["a", "a"], {}, "a: there is another value for a"),
        (["a", "a.b"], {}, "a.b: there is another value for a"),
        (["a"], {"constants": [("a.b.c", "1")]}, "a.b.c: there is another value for a"),
        (["a..b"], {}, "a..b: expected a path"),
        ([".".join("a" * (DEEPEST + 1))], {}, "of at most 20 parts"),
        (["a"], {"renamed": [("b", "c")]}, "no column b; found a"),
    ],
)
def test_columns_that_cannot_be_are_refused(
    names: list[str], options: dict[str, list[tuple[str, str]]], words: str
) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Columns(names, TableOptions(**options))
    assert words in str(refused.value)
