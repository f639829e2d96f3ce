"""What a bid request says against personalised ads, in whichever of the places for it.

Only what denies is read: that nothing does is not taken for a grant. Fields that 2.6 has moved out
of an `ext` are also looked for where 2.5 had them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.adapters.node import Node
from schemas.openrtb.gpp import denies, sections_of, us_privacy_denies
from schemas.openrtb.tcf import allows_personalised_ads


class Consent(NamedTuple):
    """The fields that matter, by their paths; a section of a GPP string as `regs.gpp#7`."""

    denied: tuple[str, ...] = ()
    """Those by which personalised ads are denied."""
    unread: tuple[str, ...] = ()
    """Those that are there and could not be read; whether they deny is not known."""


def consent_of(bid: Node) -> Consent:
    """Read all signals. Raises `InvalidRecord` for a field of another kind than OpenRTB's."""
    found = [*_flags(bid), *_of_the_eu(bid), *_us_privacy(bid), *_gpp(bid)]
    return Consent(
        tuple(path for path, denied in found if denied),
        tuple(path for path, denied in found if denied is None),
    )


Flags = Iterator[tuple[str, bool | None]]
"""Paths, with whether they deny; None where that cannot be read."""


def _flags(bid: Node) -> Flags:
    device, regs = bid.child("device"), bid.child("regs")
    for node, name in ((regs, "coppa"), (device, "lmt"), (device, "dnt")):
        yield node.at(name), node.number(name) == 1
    for node in (regs, regs.child("ext")):
        yield node.at("gpc"), node.number("gpc") == 1


def _of_the_eu(bid: Node) -> Flags:
    """Where GDPR applies there must be consent: what is missing or unreadable is none."""
    if not any(node.number("gdpr") == 1 for node in _places(bid.child("regs"))):
        return
    text = _text(bid.child("user"), "consent")
    try:
        yield "user.consent", text is None or not allows_personalised_ads(text)
    except ValueError:
        yield "user.consent", True


def _us_privacy(bid: Node) -> Flags:
    text = _text(bid.child("regs"), "us_privacy")
    if text is not None:
        try:
            yield "regs.us_privacy", us_privacy_denies(text)
        except ValueError:
            yield "regs.us_privacy", None


def _gpp(bid: Node) -> Flags:
    """The sections that apply; where they are not named, all of them."""
    regs = bid.child("regs")
    text = _text(regs, "gpp")
    if text is None:
        return
    applying = next((ids for node in _places(regs) if (ids := node.texts("gpp_sid"))), None)
    try:
        sections = sections_of(text)
    except ValueError:
        yield "regs.gpp", None
        return
    for section, content in sections.items():
        if applying is None or str(section) in applying:
            try:
                yield f"regs.gpp#{section}", denies(section, content)
            except ValueError:
                yield f"regs.gpp#{section}", None


def _places(node: Node) -> tuple[Node, Node]:
    return node, node.child("ext")


def _text(node: Node, name: str) -> str | None:
    own, ext = (each.text(name) for each in _places(node))
    return own or ext
