"""The errors that every part of the product may raise for people."""


class UserError(Exception):
    """Something that the person at the command line can put right.

    The message is all that they see: what was wrong, where, what was expected, what to do.
    """


class FailedCheck(UserError):
    """Something that was looked at is not as it must be, by no mistake at the command line."""


class SourceError(ValueError):
    """A file that cannot be used; the message names it and says what was expected of it."""
