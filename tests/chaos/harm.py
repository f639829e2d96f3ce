"""Does the harm that a schedule says: to workers, to brokers, and to the connections between."""

import os
import signal
from collections.abc import Iterable, Mapping
from random import Random
from time import monotonic, sleep
from typing import Final

from tests.chaos.cluster import ProxiedCluster
from tests.chaos.crew import Member, see_to_all
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import Blow, Harm

CUT_SHARE: Final = 0.5
"""Of the connections to a broker."""
MOST_BYTES: Final = 20_000
"""A connection that is cut lets up to so many bytes pass before."""
LOOK_SECONDS: Final = 0.02
WITHOUT_STATE: Final = (Harm.KILL_WITHOUT_STATE, Harm.TERMINATE_WITHOUT_STATE)


class Harming:
    """Deals blows. Workers that end by themselves meanwhile are started again."""

    def __init__(
        self, cluster: ProxiedCluster, proxy: Proxy, crew: Mapping[str, Member], random: Random
    ) -> None:
        self._cluster = cluster
        self._proxy = proxy
        self._crew = crew
        self._random = random

    def deal(self, blows: Iterable[Blow]) -> None:
        """Deal the blows when it is their time; in the end everything and everybody is back."""
        moments = []
        for blow in blows:
            moments += [(blow.at, False, blow), (blow.at + blow.seconds, True, blow)]
        began = monotonic()
        for at, is_end, blow in sorted(moments):
            while monotonic() - began < at:
                see_to_all(self._crew)
                sleep(LOOK_SECONDS)
            if is_end:
                self._end(blow)
            else:
                self._begin(blow)

    def _begin(self, blow: Blow) -> None:
        harm, target = blow.harm, blow.target
        match harm:
            case Harm.KILL | Harm.KILL_WITHOUT_STATE:
                self._crew[target].kill(and_state=harm in WITHOUT_STATE)
            case Harm.TERMINATE | Harm.TERMINATE_WITHOUT_STATE:
                self._crew[target].terminate(and_state=harm in WITHOUT_STATE)
            case Harm.PAUSE | Harm.LONG_PAUSE:
                self._crew[target].pause()
            case Harm.BROKER_GONE:
                self._cluster.kill(int(target))
            case Harm.BROKER_RESTART:
                os.kill(self._cluster.process_id(int(target)), signal.SIGTERM)
            case Harm.CUT:
                port = self._cluster.proxy_ports[int(target)]
                self._proxy.cut(port, CUT_SHARE, MOST_BYTES, self._random)

    def _end(self, blow: Blow) -> None:
        match blow.harm:
            case Harm.CUT:
                pass
            case Harm.BROKER_GONE:
                self._cluster.launch(int(blow.target))
            case Harm.BROKER_RESTART:
                self._cluster.stop(int(blow.target))  # it has been told to already
                self._cluster.launch(int(blow.target))
            case _:
                self._crew[blow.target].release()
