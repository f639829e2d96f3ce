"""What all parts of the settings have in common: variables, errors, and no password shown."""

from typing import Any, Final

import msgspec

PREFIX: Final = "UNHAUNT_"


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, its value and what was expected."""


class Section(msgspec.Struct, frozen=True):
    """A part of the settings. The encoded name of a field, in upper case, is its variable's.

    Each part checks itself when it is made, and raises `SettingsError`. Its `repr` hides passwords.
    """

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            (name, without_secret(name, getattr(self, name))) for name in self.__struct_fields__
        ]


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def wrong_value(name: str, value: str, expected: object) -> SettingsError:
    """The error for a value of a setting that is not what was expected."""
    return SettingsError(f"{variable(name)}='{value}': {expected}")


def without_secret(name: str, value: Any) -> Any:
    """The value of a setting, as anybody may see it: a password is shown nowhere."""
    return "********" if name.endswith("password") and value else value
