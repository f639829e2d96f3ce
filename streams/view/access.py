"""Who may ask the service, and under which name: it tells whatever it knows of anybody."""

import logging
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLContext
from typing import Final

from aiohttp import web

from schemas.problems import quoted
from streams.errors import UserError
from streams.settings import ServeSettings
from streams.view.certificate import Certificate
from streams.view.tokens import Tokens

logger = logging.getLogger(__name__)

LOOPBACK: Final = "localhost"
SCHEME: Final = "bearer "


class Refused(Exception):
    """A request that is not answered, with its status, and in words what was expected."""

    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.error = error


class Access:
    """Whom a service answers."""

    def __init__(self, settings: ServeSettings, host: str) -> None:
        """`host` is where it listens. Raises `UserError` for files that are not right."""
        names = {LOOPBACK, host.lower(), *filter(None, settings.hosts.lower().split(","))}
        self._is_own = lru_cache(maxsize=100)(lambda text: _is_own(text, names))
        self._tokens = Tokens(Path(settings.token_file)) if settings.token_file else None
        self._certificate = (
            Certificate(Path(settings.certificate_file), Path(settings.key_file))
            if settings.certificate_file
            else None
        )
        self._told = ""

    @property
    def tls(self) -> SSLContext | None:
        """For connections; None where they are plain."""
        return None if self._certificate is None else self._certificate.tls

    def check(self, request: web.BaseRequest, *, needs_token: bool) -> None:
        """Raises `Refused` where it is not to be answered.

        A page of the web may have its own name lead to this machine and then ask here, in the name
        of whoever looks at it (DNS rebinding). The browser says which name that was.
        """
        host = request.headers.get("Host", "")
        if not self._is_own(host):
            detail = (
                f"Host: expected an address, or a name of UNHAUNT_SERVE_HOSTS, got {quoted(host)}"
            )
            raise Refused(421, "wrong_host", detail)
        if needs_token and self._tokens is not None:
            given = request.headers.get("Authorization", "")
            token = given[len(SCHEME) :].strip()
            if not given.lower().startswith(SCHEME) or not self._tokens.has(token):
                detail = "Authorization: expected Bearer and a token of this service"
                raise Refused(401, "unauthorized", detail)

    def look(self) -> None:
        """Go by what the files say now; where one is wrong, by what it said before."""
        problem = ""
        for each in (self._tokens, self._certificate):
            try:
                if each is not None:
                    each.look()
            except UserError as error:
                problem = str(error)
        if problem and problem != self._told:
            logger.error("who may ask stays as it was: %s", problem)
        self._told = problem


def missing_protection(settings: ServeSettings, host: str) -> list[str]:
    """What it needs to be asked from other machines, and has not; of its own, it needs nothing."""
    if host == LOOPBACK or (_is_address(host) and ip_address(host).is_loopback):
        return []
    needed = {
        "a token (UNHAUNT_SERVE_TOKEN_FILE)": settings.token_file,
        "TLS (UNHAUNT_SERVE_CERTIFICATE_FILE, UNHAUNT_SERVE_KEY_FILE)": settings.certificate_file,
    }
    return [what for what, value in needed.items() if not value]


def _is_own(host: str, names: set[str]) -> bool:
    """Whether a Host header names this service; an address cannot lead a browser astray."""
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdecimal():
        name = host
    name = name.lower().removesuffix(".")
    return name in names or _is_address(name.removeprefix("[").removesuffix("]"))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
