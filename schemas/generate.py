"""Write the contract's files from the record types: `python -m schemas.generate [--check]`."""

import argparse
from pathlib import Path

import orjson

from schemas import asyncapi, openapi
from schemas.avro_schema import avro_schema
from schemas.json_schema import schema_file
from schemas.topics import TOPICS

HERE = Path(__file__).parent


def generated_files() -> dict[Path, bytes]:
    """What each generated file should hold, by its path relative to this package."""
    files = {
        Path("json", f"{topic.name}.schema.json"): _pretty(schema_file(topic))
        for topic in TOPICS.values()
        if topic.record is not None
    }
    for topic in TOPICS.values():
        if topic.record is not None:
            files[Path("avro", f"{topic.name}.avsc")] = _pretty(avro_schema(topic))
    files[Path("asyncapi.json")] = _pretty(asyncapi.document())
    files[Path("openapi.json")] = _pretty(openapi.document())
    return files


def drifted_files(folder: Path) -> list[Path]:
    """The generated files below the folder that are missing, changed or no longer generated."""
    files = generated_files()
    drifted = [path for path, content in files.items() if _read(folder / path) != content]
    found = (*folder.glob("json/*.json"), *folder.glob("avro/*.avsc"))
    present = (path.relative_to(folder) for path in found)
    return sorted(drifted + [path for path in present if path not in files])


def write_files(folder: Path) -> None:
    """Write every generated file below the folder, and remove those no longer generated."""
    files = generated_files()
    for path in drifted_files(folder):
        target = folder / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path])
        else:
            target.unlink()


def main(arguments: list[str] | None = None, folder: Path = HERE) -> int:
    """Run the command. The exit code is 1 when `--check` finds a file that drifted."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    if not parser.parse_args(arguments).check:
        write_files(folder)
        return 0
    drifted = drifted_files(folder)
    for path in drifted:
        print(f"schemas/{path} has drifted from the types: run `python -m schemas.generate`")
    return 1 if drifted else 0


def _pretty(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    raise SystemExit(main())
