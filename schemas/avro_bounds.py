"""Schemas of Avro by which few bytes could stand for much: these are not read by.

A registry may hold any schema, and a record may name any that it holds. Of one that contains
itself, some thousand bytes overflow the stack of the Avro library, which ends the process. Of an
array whose items take no bytes, ten bytes stand for as many items as memory holds.
"""

from collections.abc import Mapping
from typing import Any


def refuse_unbounded(schema: Any, named: Mapping[str, Any]) -> None:
    """Raises `ValueError` for such a schema, parsed; `named` are those that it refers to."""
    _Measure(named).least_bytes(schema)


class _Measure:
    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._least: dict[str, int | None] = {}
        """Of each named schema the fewest bytes of a value; None while they are found out."""

    def least_bytes(self, schema: Any) -> int:
        """The fewest bytes that a value takes."""
        match schema:
            case list():  # a union: its value begins with the number of the branch
                for branch in schema:
                    self.least_bytes(branch)
                return 1
            case str():
                return self._of_named(schema) if schema in self._named else int(schema != "null")
            case {"type": "record" | "error", "name": name}:
                return self._of_named(name)
            case {"type": "array", "items": items}:
                if self.least_bytes(items) == 0:
                    raise ValueError("an array has items that take no bytes")
                return 1
            case {"type": "map", "values": values}:
                self.least_bytes(values)
                return 1
            case {"type": "fixed", "size": size}:
                return int(size)
            case {"type": "enum"}:
                return 1
            case {"type": inner}:
                return self.least_bytes(inner)
        raise ValueError("it is of no known shape")

    def _of_named(self, name: str) -> int:
        if name not in self._least:
            self._least[name] = None
            schema = self._named[name]
            fields = schema.get("fields")
            self._least[name] = (
                self.least_bytes(schema)
                if fields is None
                else sum(self.least_bytes(field["type"]) for field in fields)
            )
        least = self._least[name]
        if least is None:
            raise ValueError(f"{name} contains itself")
        return least
