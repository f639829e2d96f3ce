"""Settings as variables of the environment: read, written for another process, described."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import FieldInfo

from streams.settings.section import (
    PREFIX,
    Section,
    SettingsError,
    variable,
    without_secret,
    wrong_value,
)

NOT_SETTINGS: Final = frozenset(
    {
        "UNHAUNT_ANONYMISE_KEY",
        "UNHAUNT_COMPILE",
        "UNHAUNT_DATA",
        "UNHAUNT_KAFKA_STREAMS",
        "UNHAUNT_TEST_KAFKA_HOME",
    }
)
"""Variables of `unhaunt anonymise`, of the build and of the tests: no settings of a worker."""

S = TypeVar("S", bound=Section)


def read(kind: type[S], environment: Mapping[str, str]) -> S:
    """Settings of this kind, as the `UNHAUNT_…` variables of an environment have them.

    Raises `SettingsError` for a variable that is unknown or whose value is not right, and for
    settings that contradict one another.
    """
    texts = {
        name.removeprefix(PREFIX).lower(): text
        for name, text in environment.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS
    }
    defaults = kind()
    fields = {field.encode_name: field for field, _ in _fields(defaults)}
    for name in sorted(texts.keys() - fields.keys()):
        raise SettingsError(
            f"{variable(name)}: unknown setting. `unhaunt settings` lists those that there are."
        )
    return _replaced(defaults, {name: _value(fields[name], text) for name, text in texts.items()})


def variables_of(settings: Section) -> dict[str, str]:
    """Every variable and its value, passwords included: what `read` makes the same settings of."""
    return {variable(field.encode_name): str(value) for field, value in _fields(settings)}


def described(settings: Section) -> list[tuple[str, str, str, str]]:
    """Variable, value in force, default and meaning of every setting; passwords are hidden."""
    rows = []
    for field, value in _fields(settings):
        kind: Any = msgspec.inspect.type_info(field.type)
        meaning = (kind.extra_json_schema or {}).get("description", "")
        shown = without_secret(field.name, value)
        rows.append((variable(field.encode_name), str(shown), str(field.default), meaning))
    return rows


def _fields(section: Section) -> Iterator[tuple[FieldInfo, Any]]:
    """Every setting with its value, those of an inner section where that stands."""
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        if isinstance(value, Section):
            yield from _fields(value)
        else:
            yield field, value


def _value(field: FieldInfo, text: str) -> Any:
    try:
        return msgspec.convert(text, field.type, strict=False)
    except msgspec.ValidationError as error:
        raise wrong_value(field.encode_name, text, error) from error


def _replaced(section: S, values: Mapping[str, Any]) -> S:
    """A section with other values by their encoded names, also in the sections within."""
    changes = {}
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        if isinstance(value, Section):
            changes[field.name] = _replaced(value, values)
        elif field.encode_name in values:
            changes[field.name] = values[field.encode_name]
    return msgspec.structs.replace(section, **changes)
