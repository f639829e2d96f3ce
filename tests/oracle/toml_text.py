"""A policy as TOML text: the standard library reads TOML but does not write it."""

import json


def to_toml(policy):
    """TOML that parses to `policy`: tables of tables, strings, numbers, booleans, flat lists."""
    return "\n".join(_lines(policy, [])) + "\n"


def _lines(table, path):
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    lines = []
    if path:
        lines.append("[" + ".".join(_quoted(part) for part in path) + "]")
    lines += [f"{_quoted(key)} = {_literal(value)}" for key, value in plain.items()]
    for key, value in tables.items():
        lines += _lines(value, [*path, key])
    return lines


def _literal(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(_literal(element) for element in value) + "]"
    return repr(value)


def _quoted(text):
    return json.dumps(text, ensure_ascii=False)
