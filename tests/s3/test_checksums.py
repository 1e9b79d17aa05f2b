"""Checksums over bytes as they come and over ranges, and which ETags are an MD5."""

from __future__ import annotations

import base64
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import TransferError
from app.core.integrity import Algorithm, Expectation, check, expectation_of
from app.s3.checksums import Checksums
from app.s3.heads import get_head
from app.s3.http import HttpHead

PATIENT = settings(deadline=None)
CRCS = [algorithm for algorithm in Algorithm if algorithm.is_combinable]
HASHES = [algorithm for algorithm in Algorithm if not algorithm.is_combinable]

CHECK_VALUES = {
    Algorithm.CRC64NVME: "ae8b14860a799888",
    Algorithm.CRC32C: "e3069283",
    Algorithm.CRC32: "cbf43926",
    Algorithm.SHA256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    Algorithm.SHA1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    Algorithm.MD5: "25f9e794323b453885f5181f1b624d0b",
}
"""Of the ASCII digits 1 to 9; for the CRCs see https://reveng.sourceforge.io/crc-catalogue/all.htm."""

CHECKSUMS = Checksums()


def digest_of(algorithm: Algorithm, *chunks: bytes) -> bytes:
    running = CHECKSUMS.start(algorithm)
    for chunk in chunks:
        running.update(chunk)
    return running.digest()


def joined(algorithm: Algorithm, ranges: list[bytes]) -> bytes:
    return CHECKSUMS.join_crcs(algorithm, [(digest_of(algorithm, each), len(each)) for each in ranges])


@st.composite
def split_bytes(draw: st.DrawFn, min_size: int = 0) -> list[bytes]:
    """Ranges of random bytes in order; some may be empty."""
    data = draw(st.binary(min_size=min_size, max_size=300))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]


def flipped(ranges: list[bytes], bit: int) -> list[bytes]:
    """The same ranges with one bit of their bytes turned over."""
    data = bytearray(b"".join(ranges))
    data[bit // 8] ^= 1 << bit % 8
    ends = [0]
    for each in ranges:
        ends.append(ends[-1] + len(each))
    return [bytes(data[start:end]) for start, end in pairwise(ends)]


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_the_digits_1_to_9_have_the_published_check_value(algorithm: Algorithm) -> None:
    assert digest_of(algorithm, b"123456789").hex() == CHECK_VALUES[algorithm]


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_digest_has_the_width_of_its_algorithm(algorithm: Algorithm) -> None:
    assert len(digest_of(algorithm)) == algorithm.width_bytes


@pytest.mark.parametrize("algorithm", CRCS)
def test_no_bytes_at_all_have_the_crc_zero(algorithm: Algorithm) -> None:
    zero = bytes(algorithm.width_bytes)
    assert digest_of(algorithm) == zero
    assert CHECKSUMS.join_crcs(algorithm, []) == zero


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_more_bytes_may_follow_a_look_at_the_digest(algorithm: Algorithm) -> None:
    running = CHECKSUMS.start(algorithm)
    running.update(b"1234")
    assert running.digest() == digest_of(algorithm, b"1234")
    running.update(b"56789")
    assert running.digest().hex() == CHECK_VALUES[algorithm]


@PATIENT
@given(st.sampled_from(Algorithm), split_bytes())
def test_any_split_into_updates_gives_the_digest_of_the_whole(
    algorithm: Algorithm, chunks: list[bytes]
) -> None:
    assert digest_of(algorithm, *chunks) == digest_of(algorithm, b"".join(chunks))


@PATIENT
@given(st.sampled_from(CRCS), split_bytes())
def test_any_split_into_ranges_joins_to_the_crc_of_the_whole(
    algorithm: Algorithm, ranges: list[bytes]
) -> None:
    assert joined(algorithm, ranges) == digest_of(algorithm, b"".join(ranges))


@pytest.mark.parametrize("algorithm", CRCS)
def test_ranges_of_8_mib_join_to_the_crc_of_the_whole(algorithm: Algorithm) -> None:
    ranges = [b"\1" * (8 << 20), b"\2" * (8 << 20), b"\3" * 5]
    assert joined(algorithm, ranges) == digest_of(algorithm, *ranges)


@pytest.mark.parametrize("algorithm", CRCS)
def test_ranges_in_another_order_join_to_another_crc(algorithm: Algorithm) -> None:
    ranges = [b"first", b"second"]
    assert joined(algorithm, ranges[::-1]) != joined(algorithm, ranges)


@pytest.mark.parametrize("algorithm", CRCS)
def test_lengths_beyond_32_bits_join_in_either_grouping(algorithm: Algorithm) -> None:
    digest, length_bytes = digest_of(algorithm, b"x"), 5 << 40
    front = CHECKSUMS.join_crcs(algorithm, [(digest, 1), (digest, length_bytes)])
    back = CHECKSUMS.join_crcs(algorithm, [(digest, length_bytes), (digest, 1)])
    whole = CHECKSUMS.join_crcs(algorithm, [(digest, 1), (digest, length_bytes), (digest, 1)])
    assert whole == CHECKSUMS.join_crcs(algorithm, [(front, 1 + length_bytes), (digest, 1)])
    assert whole == CHECKSUMS.join_crcs(algorithm, [(digest, 1), (back, length_bytes + 1)])


@pytest.mark.parametrize("algorithm", HASHES)
def test_a_hash_cannot_be_joined_over_ranges(algorithm: Algorithm) -> None:
    with pytest.raises(ValueError, match=algorithm.value):
        CHECKSUMS.join_crcs(algorithm, [(digest_of(algorithm, b"x"), 1)])


def expected(algorithm: Algorithm, data: bytes) -> Expectation:
    """What is expected when a server tells this digest of `data` as S3 writes it."""
    digest = digest_of(algorithm, data)
    if algorithm is Algorithm.MD5:
        found = expectation_of({}, digest.hex(), is_etag_md5=True)
    else:
        text = base64.b64encode(digest).decode()
        found = expectation_of({algorithm.value: text}, "", is_etag_md5=True)
    assert isinstance(found, Expectation)
    return found


@PATIENT
@given(st.sampled_from(Algorithm), split_bytes(min_size=1), st.data())
def test_one_flipped_bit_is_always_found_over_the_whole(
    algorithm: Algorithm, chunks: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(chunks)
    damaged = flipped(chunks, data.draw(st.integers(0, 8 * len(whole) - 1)))
    expectation = expected(algorithm, whole)
    check(expectation, digest_of(algorithm, *chunks), "a")
    with pytest.raises(TransferError):
        check(expectation, digest_of(algorithm, *damaged), "a")


@PATIENT
@given(st.sampled_from(CRCS), split_bytes(min_size=1), st.data())
def test_one_flipped_bit_in_any_range_is_found_when_the_ranges_are_joined(
    algorithm: Algorithm, ranges: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(ranges)
    damaged = flipped(ranges, data.draw(st.integers(0, 8 * len(whole) - 1)))
    expectation = expected(algorithm, whole)
    check(expectation, joined(algorithm, ranges), "a")
    with pytest.raises(TransferError):
        check(expectation, joined(algorithm, damaged), "a")


@pytest.mark.parametrize(
    ("headers", "is_etag_md5"),
    [
        ({}, True),
        ({"x-amz-server-side-encryption": "AES256"}, True),
        ({"x-amz-storage-class": "STANDARD_IA"}, True),
        ({"x-amz-server-side-encryption": "aws:kms"}, False),
        ({"x-amz-server-side-encryption": "aws:kms:dsse"}, False),
        ({"x-amz-server-side-encryption-customer-algorithm": "AES256"}, False),
        ({"x-amz-storage-class": "EXPRESS_ONEZONE"}, False),
    ],
)
def test_the_etag_of_sse_kms_sse_c_and_directory_buckets_is_no_md5(
    headers: dict[str, str], is_etag_md5: bool
) -> None:
    assert get_head(HttpHead(200, headers)).is_etag_md5 is is_etag_md5
