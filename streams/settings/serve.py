"""The settings of `unhaunt serve`: whom it answers, how much it takes on."""

from typing import Annotated

import msgspec

from streams.settings.section import Section, SettingsError

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


def _name_of_variable(field: str) -> str:
    return f"serve_{field}"


class ServeSettings(Section, frozen=True, kw_only=True, rename=_name_of_variable):
    """What the service for ad servers takes on at once, and whom it answers.

    Raises `SettingsError` for a certificate without its key, or the other way round.
    """

    candidates: Annotated[
        Positive,
        msgspec.Meta(
            description="Most candidates of a request to `unhaunt serve`; of a bid request, those "
            "of all its impressions together."
        ),
    ] = 2_000
    batch_candidates: Annotated[
        Positive,
        msgspec.Meta(description="Most candidates of all requests in a batch together."),
    ] = 50_000
    large_requests: Annotated[
        Positive,
        msgspec.Meta(
            description="So many bodies of more than 64 KiB are read and decided at a time; the "
            "next is answered with 503."
        ),
    ] = 8
    token_file: Annotated[
        str,
        msgspec.Meta(
            description="File with the tokens by which ad servers may ask, one a line, read again "
            "when it changes; empty for none."
        ),
    ] = ""
    certificate_file: Annotated[
        str,
        msgspec.Meta(
            description="Certificate (PEM) by which ad servers know it, with those that lead to "
            "the authority; empty for plain HTTP. Read again when it changes."
        ),
    ] = ""
    key_file: Annotated[
        str, msgspec.Meta(description="Key (PEM) of that certificate, without a password.")
    ] = ""
    hosts: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[a-zA-Z0-9._,-]*$",
            description="Names by which it may be asked besides localhost and addresses, with "
            "commas between. A request to another name is refused.",
        ),
    ] = ""
    connections: Annotated[
        Positive,
        msgspec.Meta(
            description="Most connections at a time. The one that has been idle for longest makes "
            "room for a new one, which is answered with 503 where none is."
        ),
    ] = 500
    request_seconds: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=600,
            description="How long the head of a request may take to come, how long its body, and "
            "how long nobody may take any of the answer.",
        ),
    ] = 10

    def __post_init__(self) -> None:
        if bool(self.certificate_file) != bool(self.key_file):
            raise SettingsError(
                "UNHAUNT_SERVE_CERTIFICATE_FILE and UNHAUNT_SERVE_KEY_FILE: expected both or "
                "neither."
            )
