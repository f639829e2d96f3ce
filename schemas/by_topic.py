"""What a setting says of single topics: `purchases=segment,dismissals=auto`."""

from collections.abc import Collection

from schemas.problems import one_of


def by_topic(
    text: str, topics: Collection[str], words: Collection[str], with_option: Collection[str] = ()
) -> dict[str, str]:
    """The word that stands for each topic that is named in the text.

    After a word of `with_option` may stand a colon and something more, which stays with it.
    Raises `ValueError`, saying what was expected.
    """
    chosen: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        topic, _, word = map(str.strip, part.partition("="))
        if topic not in topics:
            raise ValueError(f"expected one of {', '.join(topics)} before =, got '{part}'")
        name, colon, option = map(str.strip, word.partition(":"))
        if colon and name in words and (name not in with_option or not option):
            expected = "a name after the colon" if name in with_option else f"{name} alone"
            raise ValueError(f"{topic}: expected {expected}, got '{part}'")
        if name not in words:
            raise ValueError(f"{topic}: expected {one_of(words)} after =, got '{part}'")
        if topic in chosen:
            raise ValueError(f"{topic}: expected once, got it twice")
        chosen[topic] = f"{name}:{option}" if colon else name
    return chosen
