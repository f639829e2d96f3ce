"""The policy file of a worker, which may change while it runs."""

import logging
from pathlib import Path
from typing import Final

from streams.suppression.policy import Policy
from streams.suppression.policy_document import PolicyError

logger = logging.getLogger(__name__)

LARGEST_BYTES: Final = 1 << 19
"""Of a policy file: room for an entry each for many thousand categories."""


def read_policy(path: Path) -> Policy:
    """The policy of a file. Raises `PolicyError`, its lines beginning with the file's name."""
    return _compiled(path, _content(path))


def is_empty(path: Path) -> bool:
    """Whether a file that can be read twice holds nothing, so that it is the default policy."""
    return path.is_file() and not _content(path).strip()


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
            self._seen = self._judged = _lasting_content(path)
            self.policy = _compiled(path, self._seen)

    def look(self, *, is_complete: bool = False) -> Policy | None:
        """The policy of the file, to be used from now on; None if it is the same as before.

        A file may still be being written: a change counts when two looks in a row find the same
        content, or with `is_complete`. Raises `PolicyError` once for each content
        that is not right, and nothing else: whatever is wrong with it, the old policy stays.
        """
        if self._path is None:
            return None
        try:
            content = _lasting_content(self._path)
        except PolicyError:
            is_new, self._seen, self._judged = self._judged is not None, None, None
            if is_new:
                raise
            return None
        has_rested, self._seen = is_complete or content == self._seen, content
        if content == self._judged or not has_rested:
            return None
        self._judged = content
        try:
            policy = _compiled(self._path, content)
        except PolicyError:
            raise
        except Exception as error:  # which nobody foresaw; it must not end what runs
            raise PolicyError(f"{self._path}: cannot be used: {error!r}") from error
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


def _lasting_content(path: Path) -> bytes:
    """What is in a file that can be read again and again."""
    if path.exists() and not path.is_file():
        raise PolicyError(f"{path}: expected a regular file, which is looked at again and again")
    return _content(path)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_BYTES:
        raise PolicyError(f"{path}: expected a policy of at most {LARGEST_BYTES:,} bytes")
    return content


def _compiled(path: Path, content: bytes) -> Policy:
    try:
        return Policy.from_toml(content.decode())
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path}: not a TOML file: not UTF-8 text") from error
    except PolicyError as error:
        lines = str(error).split("\n")
        raise PolicyError("\n".join(f"{path}: {line}" for line in lines)) from error
