"""The policy file of a worker, which may change while it runs."""

import logging
from pathlib import Path

from streams.suppression.policy import Policy
from streams.suppression.policy_document import PolicyError

logger = logging.getLogger(__name__)


def read_policy(path: Path) -> Policy:
    """The policy of a file. Raises `PolicyError`, its lines beginning with the file's name."""
    return _compiled(path, _content(path))


class PolicyFile:
    """Notices that a file holds another policy than it did."""

    def __init__(self, path: Path | None) -> None:
        """Without a path it is the default policy, which never changes. Raises `PolicyError`."""
        self._path = path
        self._seen: bytes | None = None
        """What was in the file at the last look; None when it could not be read."""
        self._judged: bytes | None = None
        """Its content when it was last accepted or refused."""
        self.policy = Policy.default()
        """The policy that was last accepted."""
        if path is not None:
            self._seen = self._judged = _content(path)
            self.policy = _compiled(path, self._seen)

    def look(self, *, is_complete: bool = False) -> Policy | None:
        """The policy of the file, to be used from now on; None if it is the same as before.

        A file may still be being written: a change counts when two looks in a row find the same
        content, or with `is_complete`. Raises `PolicyError` once for each content
        that is not right.
        """
        if self._path is None:
            return None
        try:
            content = _content(self._path)
        except PolicyError:
            is_new, self._seen, self._judged = self._judged is not None, None, None
            if is_new:
                raise
            return None
        has_rested, self._seen = is_complete or content == self._seen, content
        if content == self._judged or not has_rested:
            return None
        self._judged = content
        policy = _compiled(self._path, content)
        if policy.fingerprint == self.policy.fingerprint:
            return None
        self.policy = policy
        return policy


def log_change(before: Policy, policy: Policy) -> None:
    """Log that another policy is in force."""
    logger.info("the policy is %s from here on, and was %s", policy.version, before.version)
    if policy.version == before.version:
        logger.warning(
            "the policy has changed but not its version, %s, by which decisions tell what they "
            "were made by",
            policy.version,
        )


def log_refusal(before: Policy, error: PolicyError) -> None:
    """Log that the file is wrong, and that the policy stays what it was."""
    mistakes = "; ".join(str(error).splitlines())
    logger.error("the policy stays %s, since its file is wrong: %s", before.version, mistakes)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from error


def _compiled(path: Path, content: bytes) -> Policy:
    try:
        return Policy.from_toml(content.decode())
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path}: not a TOML file: not UTF-8 text") from error
    except PolicyError as error:
        lines = str(error).splitlines()
        raise PolicyError("\n".join(f"{path}: {line}" for line in lines)) from error
