"""What a broker and its clients need for TLS and SASL: certificates, users, tokens.

Brokers speak to each other, and to the tests' own clients, on their plain listener, as ANONYMOUS,
who may do everything. Who comes by SASL or with a certificate may do what ACLs say.
"""

import base64
import datetime
import ipaddress
from pathlib import Path
from time import time
from typing import Final, NamedTuple

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER: Final = "unhaunt"
PRINCIPAL: Final = f"User:{USER}"
PASSWORD: Final = "the secret; of the user"
"""Of the user, by whichever mechanism."""


class Identity(NamedTuple):
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Security:
    """Certificates in a folder, and the properties of a broker that asks for TLS and SASL."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._authority_key = ec.generate_private_key(ec.SECP256R1())
        self._authority = _certificate("authority", self._authority_key, None, self._authority_key)
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(_pem(self._authority))
        self._broker = self.identity("broker")
        both = folder / "broker-both.pem"
        both.write_bytes(self._broker.key.read_bytes() + self._broker.certificate.read_bytes())
        self._keystore = both

    def identity(self, name: str) -> Identity:
        """A certificate for somebody, signed by the authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = Identity(self._folder / f"{name}.pem", self._folder / f"{name}-key.pem")
        made.certificate.write_bytes(
            _pem(_certificate(name, key, self._authority, self._authority_key))
        )
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made

    def properties(self) -> dict[str, str]:
        """What a broker is told besides its listeners, SASL_SSL and SSL."""
        login = "org.apache.kafka.common.security"
        sasl = "listener.name.sasl_ssl"
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority),
            "listener.name.ssl.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
            f"{sasl}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            f"{sasl}.plain.sasl.jaas.config": f"{login}.plain.PlainLoginModule required "
            f'user_{USER}="{PASSWORD}";',
            f"{sasl}.scram-sha-256.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
            f"{sasl}.scram-sha-512.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
            f"{sasl}.oauthbearer.sasl.jaas.config": f"{login}.oauthbearer.OAuthBearerLoginModule "
            'required unsecuredLoginStringClaim_sub="broker";',
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": "User:ANONYMOUS",
        }

    def scram_users(self) -> list[str]:
        """What the storage tool is told, so that the user is known from the beginning."""
        user = f'name="{USER}",password="{PASSWORD}"'
        return [
            part
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for part in ("--add-scram", f"{mechanism}=[{user}]")
        ]


def token(seconds: float = 600) -> str:
    """A token of the user that is good for so long, without a signature."""
    now = time()
    claims = {"sub": USER, "iat": now, "exp": now + seconds}
    parts = (orjson.dumps({"alg": "none"}), orjson.dumps(claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signing: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """A certificate for this machine; of an authority where there is no issuer."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    is_authority = issuer is None
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())  # type: ignore[arg-type]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(by, critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(signing, hashes.SHA256())
    )


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
