"""The map of the code shows the layers that import-linter holds, and every room."""

import tomllib

from tests.documents.pages import REPOSITORY, Page

MAP = Page("streams/README.md")


def test_the_layers_are_those_of_the_contract_on_imports() -> None:
    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    [contract] = [
        contract
        for contract in pyproject["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers" and "containers" not in contract
    ]
    _, layers = MAP.blocks("text")
    assert layers.splitlines() == [layer.replace("streams.", "") for layer in contract["layers"]]


def test_every_room_has_a_line() -> None:
    rooms = {path.parent.name for path in (REPOSITORY / "streams").glob("*/__init__.py")}
    shown = {row[0].strip("[").partition("]")[0] for row in MAP.table("room")}
    assert rooms <= shown
