"""The settings of `unhaunt serve`: how much it takes on."""

from typing import Annotated

import msgspec

from streams.settings.section import Section

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


def _name_of_variable(field: str) -> str:
    return f"serve_{field}"


class ServeSettings(Section, frozen=True, kw_only=True, rename=_name_of_variable):
    """What the service for ad servers takes on at once."""

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
