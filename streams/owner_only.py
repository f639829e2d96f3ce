"""Files and folders with what people did: only the user who runs Unhaunt may read them.

Whoever else is to read one is given it, by `chmod` or by a copy.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def open_for_owner(path: Path, *, keep: bool = False, buffering: int = -1) -> BinaryIO:
    """Open a regular file to be written, for its owner only.

    A file that was there before is replaced, so whoever made it does not have the new one; or it
    is kept, to be read and written on. A link is not followed: in a folder of others it may lead
    to any file of one's own. Raises `OSError`.
    """
    if not keep:
        path.unlink(missing_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        return os.fdopen(number, "wb", buffering)
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
    try:
        os.fchmod(number, FILE_MODE)
    except OSError:
        os.close(number)
        raise
    return os.fdopen(number, "r+b", buffering)


def make_folder_for_owner(path: Path) -> None:
    """Make a folder for its owner only, also where it was there before and is this user's.

    Raises `OSError`.
    """
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if path.stat().st_uid == os.geteuid():
        path.chmod(FOLDER_MODE)


def others_may_read(path: Path) -> bool:
    """Whether another than the owner may read a file. Raises `OSError`."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
