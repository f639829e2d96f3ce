"""How counts and messages become part of sentences that people read."""


def counted(count: int, one: str) -> str:
    """So many of something: "1 record", "2,000 records"."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def sentence(message: str) -> str:
    """The message with one mark at its end, where it may or may not have one."""
    ended = message.rstrip(". ")
    return ended if ended.endswith(("?", "!")) else f"{ended}."
