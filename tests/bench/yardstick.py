"""A fixed piece of work in plain Python, by which costs can be compared across machines.

What the join costs is given as a multiple of this one. It may never change, or figures of before
and after could not be compared.
"""

import json
from typing import Final

DOCUMENT: Final = json.dumps(
    {
        "user": "u000017",
        "items": [
            {"id": f"p{number:03}", "price": 19.5, "tags": ["a", "b"]} for number in range(5)
        ],
    }
)


def work(times: int) -> None:
    """So many times a small document is read, counted in dicts and written: some 10 to 20 µs."""
    for _ in range(times):
        document = json.loads(DOCUMENT)
        tags: dict[str, int] = {}
        for item in document["items"]:
            for tag in item["tags"]:
                tags[tag] = tags.get(tag, 0) + 1
        by_id = {item["id"]: item for item in document["items"]}
        json.dumps({"user": document["user"], "tags": tags, "ids": sorted(by_id)})
