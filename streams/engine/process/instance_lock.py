"""One worker for each name: whoever comes second finds that out before it does any harm.

Two workers of one `UNHAUNT_INSTANCE` are one static member and have one transactional id, so that
each would fence the other, again and again. On one state folder a lock keeps them apart. Elsewhere
the group tells: a member of this name is either alive, or has died and is given up when its session
ends. A worker that is started again in its own folder need not wait for that, for the folder says
by which id the group knew it, and whoever has the lock knows that nobody of this id is alive.
"""

import fcntl
import logging
from contextlib import suppress
from time import monotonic, sleep
from types import TracebackType
from typing import BinaryIO, Final, Self

from streams.errors import UserError
from streams.kafka.group_members import Group, Member, group_of
from streams.owner_only import make_folder_for_owner, open_for_owner
from streams.settings import Settings

logger = logging.getLogger(__name__)

BROKER_SECONDS: Final = 10
LOOK_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 2.0
"""So long after its session the coordinator may take to give a member up."""


class InstanceLock:
    """Held while a worker with a name runs on its state folder. A context manager.

    A worker without one has no namesake: it is a new member at each start.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = settings.instance
        self._file: BinaryIO | None = None
        self._id = ""

    def __enter__(self) -> Self:
        """Have the folder to oneself. Raises `UserError` where another has it, and `OSError`."""
        if not self._name:
            return self
        folder = self._settings.folder
        make_folder_for_owner(folder)
        file = open_for_owner(folder / "worker.lock", keep=True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise UserError(
                f"A worker runs already with the state in {folder}. Give this one an "
                "UNHAUNT_INSTANCE of its own, or stop the other."
            ) from error
        self._file = file
        self._id = file.read().decode(errors="replace")
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def note(self, member_id: str) -> None:
        """Keep the id by which the group knows this worker, for whoever has the folder next."""
        self._id = member_id
        if self._file is None:
            return
        with suppress(OSError):  # on a full disk: the next one has to wait
            self._file.seek(0)
            self._file.truncate()
            self._file.write(member_id.encode())
            self._file.flush()

    def await_its_turn(self) -> None:
        """Return as soon as nobody else in the group can be alive under this name.

        Raises `UserError` when somebody is, after waiting for as long as a session lasts, and
        `KafkaException` when no broker answers.
        """
        patience = self._settings.session_seconds + GRACE_SECONDS
        deadline: float | None = None
        while (found := self._namesake()) is not None:
            other, group = found
            if deadline is None:
                logger.info(
                    "a member named %s is in the group already, from %s; unless it is alive, its "
                    "session ends within %d seconds",
                    other.instance,
                    other.host,
                    patience,
                )
            if deadline is None or not group.is_stable:
                deadline = monotonic() + patience
            elif monotonic() > deadline:
                raise UserError(self._refusal(other))
            sleep(LOOK_SECONDS)

    def has_namesake(self) -> bool:
        """Whether somebody else in the group has this worker's name. Raises `KafkaException`."""
        return self._namesake() is not None

    def _namesake(self) -> tuple[Member, Group] | None:
        """Another member of this worker's name, if there is one, and the group that it is in."""
        if not self._name:
            return None
        group = group_of(self._settings, BROKER_SECONDS)
        for each in group.members:
            if each.instance == self._name and each.id != self._id:
                return each, group
        return None

    def _refusal(self, other: Member) -> str:
        return (
            f"A worker named {other.instance} is at work already: it is in the group "
            f"{self._settings.application}, from {other.host}, and two of one name would fence "
            "each other. Give this one an UNHAUNT_INSTANCE of its own, or stop the other."
        )
