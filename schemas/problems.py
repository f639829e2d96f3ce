"""What is wrong with a record, for people (SPEC 7).

msgspec only says that a record does not fit its type. This module walks the same type definition,
slowly, and names the first field that is wrong, what was expected there and what was got.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

import orjson
from msgspec import Struct, inspect

from schemas.outputs import ErrorCode

MAX_QUOTED = 40
_TYPE_NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: "a string",
    inspect.IntType: "an integer",
    inspect.FloatType: "a number",
    inspect.BoolType: "a boolean",
    inspect.ListType: "an array",
    inspect.VarTupleType: "an array",
}


class Problem(NamedTuple):
    """One thing that is wrong: the field's path, the code of SPEC 7, and what in words."""

    path: str
    code: ErrorCode
    message: str

    @property
    def detail(self) -> str:
        """The words of the header `unhaunt.detail`."""
        return f"{self.path}: {self.message}"


def first_problem(
    record: type[Struct],
    value: Mapping[str, object],
    ruled: Problem | None = None,
) -> Problem | None:
    """Find the first problem, in the order of the record's fields; None when the value fits.

    A null counts as absent where the field's type has no null.

    Args:
        record: the type that the value should fit.
        value: the JSON object as read.
        ruled: a problem that a rule between fields found with one field; it comes in that
            field's place, if the field by itself is right.

    """
    for field in _fields(record):
        problem = _field_problem(field, value, field.encode_name)
        if problem is not None:
            return problem
        if ruled is not None and ruled.path == field.encode_name:
            return ruled
    return None


def quoted(text: str) -> str:
    """The text in double quotes, special characters escaped, cut after 40 characters.

    It may be none of Unicode, as a header that is no UTF-8.
    """
    shown = text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"
    return orjson.dumps(shown.encode(errors="backslashreplace").decode()).decode()


def kind_of(value: object) -> str:
    """The JSON type of a value, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def one_of(values: Iterable[object]) -> str:
    """What is expected where only some values are allowed, in the order of the alphabet."""
    return f"one of {', '.join(sorted(map(str, values)))}"


@cache
def _fields(record: type[Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(record)
    assert isinstance(described, inspect.StructType)
    return described.fields


def _first(problems: Iterable[Problem | None]) -> Problem | None:
    return next((problem for problem in problems if problem is not None), None)


def _field_problem(field: inspect.Field, value: Mapping[str, object], path: str) -> Problem | None:
    present = field.encode_name in value
    got = value.get(field.encode_name)
    if got is not None:
        return _problem(field.type, got, path)
    if not field.required or (present and _takes_null(field.type)):
        return None
    got_instead = "null" if present else "nothing"
    return Problem(path, "missing_field", f"expected {_expected(field.type)}, got {got_instead}")


def _problem(described: inspect.Type, got: object, path: str) -> Problem | None:
    expected = without_null(described)
    match expected, got:
        case inspect.StructType(fields=fields), dict():
            return _first(_field_problem(f, got, f"{path}.{f.encode_name}") for f in fields)
        case inspect.ListType() | inspect.VarTupleType(), list():
            return _list_problem(expected, got, path)
        case inspect.DictType(value_type=inner), dict():
            return _first(_problem(inner, member, f"{path}.{name}") for name, member in got.items())
        case _:
            return _scalar_problem(expected, got, path)


def _list_problem(
    expected: inspect.ListType | inspect.VarTupleType, got: list[object], path: str
) -> Problem | None:
    if expected.min_length is not None and len(got) < expected.min_length:
        return Problem(path, "missing_field", "expected at least one, got none")
    if expected.max_length is not None and len(got) > expected.max_length:
        message = f"expected at most {expected.max_length}, got {len(got)}"
        return Problem(path, "unknown_value", message)
    return _first(
        _problem(expected.item_type, item, f"{path}[{index}]") for index, item in enumerate(got)
    )


def _scalar_problem(expected: inspect.Type, got: object, path: str) -> Problem | None:
    match expected, got:
        case inspect.LiteralType(values=values), str():
            return None if got in values else _unknown(expected, quoted(got), path)
        case (inspect.StrType(), str()) | (inspect.BoolType(), bool()):
            return None
        case (inspect.FloatType(), int() | float()) if not isinstance(got, bool):
            return None
        case (inspect.IntType(), int() | float()) if not isinstance(got, bool):
            return _integer_problem(expected, got, path)
        case _:
            return _wrong(expected, kind_of(got), path)


def _integer_problem(expected: inspect.IntType, got: int | float, path: str) -> Problem | None:
    if isinstance(got, float):
        return _wrong(expected, repr(got), path)
    if expected.le is not None and got > expected.le:
        return Problem(path, "wrong_type", f"expected a 64-bit integer, got {got}")
    if expected.ge is not None and got < expected.ge:
        return _unknown(expected, str(got), path)
    return None


def _wrong(expected: inspect.Type, got: str, path: str) -> Problem:
    return Problem(path, "wrong_type", f"expected {_expected(expected)}, got {got}")


def _unknown(expected: inspect.Type, got: str, path: str) -> Problem:
    return Problem(path, "unknown_value", f"expected {_expected(expected)}, got {got}")


def without_null(described: inspect.Type) -> inspect.Type:
    """The type without annotations and without null; `int | float` is a float, which takes both."""
    match described:
        case inspect.Metadata(type=inner):
            return without_null(inner)
        case inspect.UnionType(types=options):
            floats = (option for option in options if isinstance(option, inspect.FloatType))
            return next(floats, options[0])
        case _:
            return described


def _takes_null(described: inspect.Type) -> bool:
    match described:
        case inspect.Metadata(type=inner):
            return _takes_null(inner)
        case inspect.UnionType(types=options):
            return any(isinstance(option, inspect.NoneType) for option in options)
        case _:
            return False


def _expected(described: inspect.Type) -> str:
    expected = without_null(described)
    if isinstance(expected, inspect.LiteralType):
        return one_of(expected.values)
    if isinstance(expected, inspect.IntType) and expected.ge is not None:
        return f"an integer of at least {expected.ge}"
    return _TYPE_NAMES.get(type(expected), "an object")
