"""A watcher of the demo for those who do not look."""


class Silent:
    """Nobody watches."""

    def step(self, what: str, done: int, total: int) -> None:
        """Say nothing."""

    def decided(self, decisions: object, summary: object) -> None:
        """Say nothing."""
