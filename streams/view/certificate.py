"""The certificate by which the service is known, for TLS."""

import ssl
from pathlib import Path

from streams.errors import UserError


class Certificate:
    """Two PEM files, the certificate and its key, read again when one of them changes."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises `UserError` when they cannot be read or do not fit."""
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        """For new connections it has what the files had when they were right."""
        self._paths = certificate, key
        self._contents: list[bytes] = []
        self.look()

    def look(self) -> None:
        """Read the files if they have changed. Raises `UserError`; what was before stays."""
        certificate, key = self._paths
        try:
            contents = [path.read_bytes() for path in self._paths]
            if contents != self._contents:
                self.tls.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            why = error.reason or error
            raise UserError(
                f"{certificate}, {key}: expected a certificate and its key (PEM): {why}"
            ) from error
        except OSError as error:
            raise UserError(f"{error.filename}: cannot be read: {error.strerror}") from error
        self._contents = contents


def _no_password() -> str:
    """Asked for the password of a key; without this, OpenSSL asks the terminal."""
    return ""
