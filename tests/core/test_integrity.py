"""What counts as a digest of the whole object, and what a difference says."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import ErrorKind, TransferError
from app.core.integrity import (
    Algorithm,
    CompositeExpectation,
    Expectation,
    Unverifiable,
    check,
    expectation_of,
)

PATIENT = settings(deadline=None)
MD5_ETAG = "25f9e794323b453885f5181f1b624d0b"
MULTIPART_ETAG = f"{MD5_ETAG}-3"
IN_HEADERS = [algorithm for algorithm in Algorithm if algorithm is not Algorithm.MD5]
MD5 = Expectation(Algorithm.MD5, bytes.fromhex(MD5_ETAG))


def digest_of(algorithm: Algorithm) -> bytes:
    """A digest of the right width whose base64 text uses both of the alphabet's odd characters."""
    return (b"\xfb\xff" * 16)[: algorithm.width_bytes]


def told(algorithm: Algorithm) -> str:
    return base64.b64encode(digest_of(algorithm)).decode()


@pytest.mark.parametrize("algorithm", IN_HEADERS)
def test_a_checksum_of_the_whole_object_is_expected(algorithm: Algorithm) -> None:
    checksums = {algorithm.value: told(algorithm)}
    assert expectation_of(checksums, MD5_ETAG, is_etag_md5=True) == Expectation(
        algorithm, digest_of(algorithm)
    )


@pytest.mark.parametrize("first", range(len(IN_HEADERS)))
def test_the_crcs_are_preferred_to_the_hashes_and_the_widest_crc_to_the_others(first: int) -> None:
    order = ["crc64nvme", "crc32c", "crc32", "sha256", "sha1"]
    checksums = {name: told(Algorithm(name)) for name in reversed(order[first:])}
    found = expectation_of(checksums, MD5_ETAG, is_etag_md5=True)
    assert isinstance(found, Expectation)
    assert found.algorithm.value == order[first]


def test_only_crcs_can_be_combined_over_ranges() -> None:
    assert {algorithm.value for algorithm in Algorithm if algorithm.is_combinable} == {
        "crc64nvme",
        "crc32c",
        "crc32",
    }


def test_an_md5_etag_is_expected_where_no_checksum_was_told() -> None:
    assert expectation_of({}, MD5_ETAG, is_etag_md5=True) == MD5


@pytest.mark.parametrize(
    "etag",
    [
        MD5_ETAG.upper(),
        f"{MD5_ETAG.upper()}-3",
        f"{MD5_ETAG}-0",
        f"{MD5_ETAG}-",
        f"{MD5_ETAG}-100000",
        f"{MD5_ETAG}-2-3",
        MD5_ETAG[:-1],
        MD5_ETAG + "0",
        MD5_ETAG + "\n",
        f'"{MD5_ETAG}"',
        MD5_ETAG.replace("1", "١"),
        "",
    ],
)
def test_an_etag_of_another_form_is_no_md5(etag: str) -> None:
    assert isinstance(expectation_of({}, etag, is_etag_md5=True), Unverifiable)


def test_an_etag_that_is_said_to_be_no_md5_is_not_compared_though_it_looks_like_one() -> None:
    assert expectation_of({}, MD5_ETAG, is_etag_md5=False) is Unverifiable.OTHER_ETAG


def test_an_encrypted_object_is_verified_by_its_checksum() -> None:
    found = expectation_of({"crc32": told(Algorithm.CRC32)}, MD5_ETAG, is_etag_md5=False)
    assert found == Expectation(Algorithm.CRC32, digest_of(Algorithm.CRC32))


@PATIENT
@given(st.sampled_from(IN_HEADERS), st.integers(min_value=1, max_value=10_000))
def test_a_composite_checksum_is_expected_of_the_parts_and_never_of_the_whole(
    algorithm: Algorithm, parts: int
) -> None:
    checksums = {algorithm.value: f"{told(algorithm)}-{parts}"}
    found = expectation_of(checksums, MULTIPART_ETAG, is_etag_md5=True)
    reason = Unverifiable.COMPOSITE_CHECKSUM
    assert found == CompositeExpectation(algorithm, digest_of(algorithm), parts, reason)


def test_the_etag_of_a_multipart_upload_is_expected_of_the_parts_md5s() -> None:
    digest = bytes.fromhex(MD5_ETAG)
    found = expectation_of({}, MULTIPART_ETAG, is_etag_md5=True)
    assert found == CompositeExpectation(Algorithm.MD5, digest, 3, Unverifiable.MULTIPART_ETAG)


def test_the_multipart_etag_of_an_encrypted_object_is_compared_with_nothing() -> None:
    assert expectation_of({}, MULTIPART_ETAG, is_etag_md5=False) is Unverifiable.MULTIPART_ETAG


def test_a_checksum_of_the_whole_object_counts_beside_a_composite_one() -> None:
    checksums = {"crc64nvme": f"{told(Algorithm.CRC64NVME)}-2", "sha1": told(Algorithm.SHA1)}
    found = expectation_of(checksums, MULTIPART_ETAG, is_etag_md5=True)
    assert found == Expectation(Algorithm.SHA1, digest_of(Algorithm.SHA1))


@pytest.mark.parametrize(
    ("checksums", "etag", "reason"),
    [
        ({"xxhash64": "AAAAAAAAAAA=-2"}, "", Unverifiable.COMPOSITE_CHECKSUM),
        ({"crc32": "AAAA-2"}, "", Unverifiable.COMPOSITE_CHECKSUM),
        ({"xxhash64": "AAAAAAAAAAA="}, "", Unverifiable.UNKNOWN_CHECKSUM),
        ({}, f"{MD5_ETAG.upper()}-2", Unverifiable.MULTIPART_ETAG),
        ({}, "CJ6yhvXq2ekCEAE=", Unverifiable.OTHER_ETAG),
        ({}, "", Unverifiable.NOTHING_TOLD),
    ],
)
def test_the_reason_names_what_the_server_told_instead(
    checksums: dict[str, str], etag: str, reason: Unverifiable
) -> None:
    assert expectation_of(checksums, etag, is_etag_md5=True) is reason


@pytest.mark.parametrize("reason", [Unverifiable.COMPOSITE_CHECKSUM, Unverifiable.MULTIPART_ETAG])
def test_parts_that_were_not_compared_are_told_as_size_and_etag_only(reason: Unverifiable) -> None:
    assert reason.value.startswith("size and ETag only")


MALFORMED = [
    "",
    "=",
    "not base64!",
    "AAAA",
    "AAAAAA",
    "AAAAAA=",
    "AAAAAA===",
    "AAAAAA==AAAA",
    " AAAAAA==",
    "AAAAAA==\n",
    "A\nAAAAA==",
    "-_-_-A==",
    "ÀAAAAA==",
    "0x00000000",
    "AAAAAA==, AAAAAA==",
]


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_checksum_gives_way_to_the_next_best(value: str) -> None:
    checksums = {"crc32": value, "sha1": told(Algorithm.SHA1)}
    found = expectation_of(checksums, MD5_ETAG, is_etag_md5=True)
    assert found == Expectation(Algorithm.SHA1, digest_of(Algorithm.SHA1))
    assert expectation_of({"crc32": value}, MD5_ETAG, is_etag_md5=True) == MD5


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_checksum_alone_never_verifies(value: str) -> None:
    assert expectation_of({"crc32": value}, "", is_etag_md5=True) is Unverifiable.UNKNOWN_CHECKSUM


@PATIENT
@given(st.sampled_from(IN_HEADERS), st.binary(max_size=40))
def test_a_checksum_of_the_wrong_width_never_verifies(algorithm: Algorithm, digest: bytes) -> None:
    checksums = {algorithm.value: base64.b64encode(digest).decode()}
    found = expectation_of(checksums, "", is_etag_md5=True)
    assert isinstance(found, Expectation) == (len(digest) == algorithm.width_bytes)


@PATIENT
@given(st.sampled_from(IN_HEADERS), st.text(max_size=48))
def test_whatever_a_server_sends_an_expected_digest_has_its_algorithms_width(
    algorithm: Algorithm, value: str
) -> None:
    found = expectation_of({algorithm.value: value}, value, is_etag_md5=True)
    assert isinstance(found, Unverifiable) or len(found.digest) == found.algorithm.width_bytes


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_the_expected_digest_passes_and_every_other_is_a_checksum_error(algorithm: Algorithm) -> None:
    digest = digest_of(algorithm)
    expectation = Expectation(algorithm, digest)
    check(expectation, digest, "a/b.bin")
    flipped = digest[:-1] + bytes([digest[-1] ^ 1])
    for other in (flipped, digest[:-1], digest + b"\0", digest[::-1][:-1], b""):
        with pytest.raises(TransferError) as caught:
            check(expectation, other, "a/b.bin")
        assert caught.value.kind is ErrorKind.CHECKSUM
        assert "a/b.bin" in caught.value.message


def test_a_difference_names_the_checksum_the_object_and_the_next_step() -> None:
    with pytest.raises(TransferError) as caught:
        check(Expectation(Algorithm.CRC64NVME, bytes(8)), b"\1" * 8, "films/a.mov")
    assert caught.value.message.startswith("crc64nvme of films/a.mov differs from what the server says.")
    assert caught.value.message.endswith("download it again.")


def test_a_difference_from_an_md5_etag_says_so() -> None:
    with pytest.raises(TransferError, match=r"^MD5 differs from ETag"):
        check(MD5, bytes(16), "films/a.mov")


def test_control_characters_of_a_key_are_not_in_the_message() -> None:
    with pytest.raises(TransferError) as caught:
        check(MD5, bytes(16), "a\x1b[2J\nb")
    assert caught.value.message.isprintable()
