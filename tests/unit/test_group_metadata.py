"""The form in which a worker shows a producer its place in the group."""

from streams.kafka.group_metadata import GroupMetadata


def test_a_static_members_metadata_ends_with_its_instance() -> None:
    assert GroupMetadata("unhaunt", 7, "a-1f", "a").to_bytes() == (
        b"CGMDv2:\x07\x00\x00\x00unhaunt\x00a-1f\x00\x00a\x00"
    )


def test_a_member_without_an_instance_says_that_it_has_none() -> None:
    assert GroupMetadata("unhaunt", 7, "a-1f", None).to_bytes() == (
        b"CGMDv2:\x07\x00\x00\x00unhaunt\x00a-1f\x00\x01"
    )


def test_the_generation_is_little_endian_and_signed() -> None:
    assert GroupMetadata("g", 258, "m", None).to_bytes()[7:11] == b"\x02\x01\x00\x00"
    assert GroupMetadata("g", -1, "m", None).to_bytes()[7:11] == b"\xff\xff\xff\xff"


def test_names_are_utf_8() -> None:
    assert (
        GroupMetadata("größe", 0, "m", None).to_bytes()[11:] == b"gr\xc3\xb6\xc3\x9fe\x00m\x00\x01"
    )
