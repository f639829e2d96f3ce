"""Unhaunt: a retargeting suppression stream processor."""

from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec
from typing import Literal

__version__ = "0.1.0"


def build() -> Literal["compiled", "interpreted"]:
    """How the hot modules run here: as C that mypyc made of them, or as Python.

    They are compiled all together or not at all (`[tool.unhaunt]` in pyproject.toml), so one of
    them answers for all.
    """
    spec = find_spec("schemas.decoding")
    is_compiled = spec is not None and isinstance(spec.loader, ExtensionFileLoader)
    return "compiled" if is_compiled else "interpreted"
