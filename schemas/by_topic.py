"""What a setting says of single topics: `purchases=segment,dismissals=auto`."""

from collections.abc import Collection

from schemas.problems import one_of


def by_topic(text: str, topics: Collection[str], words: Collection[str]) -> dict[str, str]:
    """The word that stands for each topic that is named in the text.

    Raises `ValueError`, saying what was expected.
    """
    said: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        topic, _, word = map(str.strip, part.partition("="))
        if topic not in topics:
            raise ValueError(f"expected one of {', '.join(topics)} before =, got {part!r}")
        if word not in words:
            raise ValueError(f"{topic}: expected {one_of(words)} after =, got {part!r}")
        if topic in said:
            raise ValueError(f"{topic}: expected once, got it twice")
        said[topic] = word
    return said
