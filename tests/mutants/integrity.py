"""The checks between a server's bytes and a file's name, each broken once or more."""

from __future__ import annotations

from functools import partial

from tests.mutants.registry import of

_RANGES = "e2e/test_faults_ranges.py"
_JUDGING = "e2e/test_judging.py"
_MATRIX = "e2e/test_integrity_matrix.py"
_FAULTS = "e2e/test_faults.py"
_STORE = "s3/test_store.py"
_PUBLISH = "engine/test_publish.py"
_DOWNLOAD = "engine/test_download.py"


_check = partial(of, "integrity")

MUTANTS = (
    # What an answer says of itself.
    _check(
        "a range begins where it was asked for",
        "engine/fetch",
        "if first != piece.end or not first",
        "if not first",
        f"{_JUDGING}::test_a_range_that_is_not_as_it_says_fails_by_name",
    ),
    _check(
        "a range ends where it was asked for, or before",
        "engine/fetch",
        "not first <= last < piece.limit:",
        "not first <= last:",
        f"{_JUDGING}::test_a_range_that_is_not_as_it_says_fails_by_name",
    ),
    _check(
        "a part must say which one it is",
        "engine/fetch",
        "elif head.status == 206:",
        "elif False:",
        f"{_JUDGING}::test_a_range_that_is_not_as_it_says_fails_by_name",
    ),
    _check(
        "a range is of an object as large as the listed one",
        "engine/fetch",
        "head.total_bytes != fetch.assembly.size_bytes:",
        "False:",
        f"{_RANGES}::test_a_range_that_is_not_the_one_asked_for_fails_by_name",
    ),
    _check(
        "a range's length is that of its Content-Range",
        "engine/fetch",
        "if head.length_bytes not in {None, last - first + 1}:",
        "if False:",
        f"{_JUDGING}::test_a_range_that_is_not_as_it_says_fails_by_name",
    ),
    _check(
        "a whole object is as large as the listed one",
        "engine/fetch",
        "if told is not None and told != self.assembly.size_bytes:",
        "if False:",
        f"{_JUDGING}::test_an_answer_of_another_size_than_was_listed_is_another_object",
    ),
    _check(
        "no more bytes are taken than were announced",
        "engine/fetch",
        "if self._piece.end + len(data) > self._answer_end:",
        "if False:",
        f"{_JUDGING}::test_a_range_that_is_not_as_it_says_fails_by_name",
    ),
    _check(
        "a body that ends early is no whole one",
        "engine/fetch",
        "if piece.end != piece.limit:",
        "if False:",
        f"{_FAULTS}::test_a_body_framed_by_closing_that_ends_early_is_no_success",
    ),
    _check(
        "a whole object is not joined with parts",
        "engine/fetch",
        "if not self._is_alone:",
        "if False:",
        f"{_JUDGING}::test_a_range_that_is_not_as_it_says_fails_by_name",
    ),
    # One object, not two.
    _check(
        "the ETag of every answer is compared",
        "s3/heads",
        "if is_other_etag or is_other_version:",
        "if is_other_version:",
        f"{_STORE}::test_another_object_than_the_pinned_one_is_refused_before_its_first_byte",
        f"{_RANGES}::test_an_object_replaced_between_two_ranges_fails_as_changed_and_its_part_file_is_dropped",
    ),
    _check(
        "the version of every answer is compared",
        "s3/heads",
        "if is_other_etag or is_other_version:",
        "if is_other_etag:",
        f"{_STORE}::test_another_object_than_the_pinned_one_is_refused_before_its_first_byte",
    ),
    _check(
        "every GET carries If-Match",
        "engine/fetch",
        "assembly.version_id, assembly.etag, first=first",
        'assembly.version_id, "", first=first',
        f"{_RANGES}::test_a_large_object_comes_in_ranges_that_are_asked_for_once",
    ),
    _check(
        "an ETag that no listing told is pinned by the first answer",
        "engine/fetch",
        "assembly.etag = assembly.etag or head.etag",
        "pass",
        f"{_JUDGING}::test_an_object_of_which_no_etag_was_listed_is_pinned_by_the_first_answer",
    ),
    _check(
        "without an ETag what came is not gone on with",
        "engine/fetch",
        "if not piece.is_empty and not self.assembly.etag:",
        "if False:",
        f"{_JUDGING}::test_without_an_etag_a_stream_that_broke_begins_again",
    ),
    _check(
        "without an ETag there is one stream",
        "engine/download",
        "if not assembly.etag:",
        "if False:",
        f"{_JUDGING}::test_without_an_etag_an_object_comes_in_one_stream",
    ),
    _check(
        "what was kept is read again before it is gone on with",
        "engine/assembly",
        "digest.digest() == extent.crc:",
        "True:",
        f"{_DOWNLOAD}::test_bytes_that_are_no_longer_what_they_were_are_fetched_again",
    ),
    _check(
        "what was kept whole is confirmed before it is named",
        "engine/download",
        "            assembly.give_up_last()\n",
        "            pass\n",
        f"{_DOWNLOAD}::test_a_file_that_was_kept_whole_is_proved_again_even_where_its_head_is_refused",
    ),
    # The bytes against what the server says of them.
    _check(
        "the listing's ETag proves what answers without one bring",
        "engine/fetch",
        "expectation_of(checksums, self.assembly.etag,",
        "expectation_of(checksums, head.etag,",
        f"{_JUDGING}::test_the_etag_of_the_listing_proves_an_object_of_which_its_answers_tell_nothing",
    ),
    _check(
        "a difference is an error",
        "core/integrity",
        "if actual == expectation.digest:",
        "if True:",
        f"{_RANGES}::test_a_bit_flipped_in_the_second_range_is_caught_before_the_file_has_its_name",
    ),
    _check(
        "the CRCs of ranges are joined in the order of their bytes",
        "engine/assembly",
        "pieces = sorted(self.pieces, key=lambda piece: (piece.first, piece.end))",
        "pieces = self.pieces[::-1]",
        f"{_MATRIX}::test_an_intact_object_is_verified_by_what_the_server_told",
    ),
    _check(
        "a CRC covers every byte that came",
        "engine/assembly",
        "            piece.crc.update(data)\n",
        "            piece.crc.update(data[:1])\n",
        f"{_MATRIX}::test_an_intact_object_is_verified_by_what_the_server_told",
    ),
    _check(
        "a CRC knows the length of what it is joined with",
        "s3/checksums",
        'value = combine(value, int.from_bytes(digest, "big"), length_bytes)',
        'value = int.from_bytes(digest, "big")',
        f"{_MATRIX}::test_a_bit_flipped_always_is_a_checksum_error_after_one_more_try",
        f"{_MATRIX}::test_an_intact_object_is_verified_by_what_the_server_told",
    ),
    _check(
        "a hash is taken of the whole file",
        "engine/assembly",
        "return self._read(self.part, algorithm, 0, self.size_bytes).digest()",
        "return self._read(self.part, algorithm, 0, 1).digest()",
        f"{_MATRIX}::test_an_intact_object_is_verified_by_what_the_server_told",
    ),
    _check(
        "the checksum of one part is not that of the whole",
        "engine/fetch",
        "            self._judge_range(head)\n",
        "            self._judge_range(head)\n            fetch.expect(head)\n",
        f"{_MATRIX}::test_a_checksum_told_with_a_range_is_not_taken_for_another",
    ),
    _check(
        "the ETag of an encrypted object is no MD5",
        "s3/heads",
        "return not is_keyed and",
        "return",
        f"{_JUDGING}::test_the_etag_of_an_encrypted_object_is_compared_with_nothing",
    ),
    _check(
        "a composite checksum is not of the whole",
        "s3/heads",
        'if not told or not is_in_parts or headers.get(_CHECKSUM_TYPE) == "FULL_OBJECT":',
        "if True:",
        f"{_STORE}::test_a_checksum_of_a_multipart_upload_that_may_be_of_its_parts_is_not_taken_for_the_wholes",
    ),
    _check(
        "parts are compared in their order",
        "engine/assembly",
        "            first += length\n",
        "            first += 0\n",
        f"{_MATRIX}::test_a_large_object_is_verified_by_its_parts_for_one_request_more",
    ),
    _check(
        "parts that were not told prove nothing",
        "engine/composite",
        "    if lengths is None:\n        return False\n",
        "    if lengths is None:\n        return True\n",
        f"{_MATRIX}::test_where_the_parts_cannot_be_compared_nothing_is_called_verified",
    ),
    _check(
        "a difference by parts of one size is not certain",
        "engine/composite",
        "if actual != expected.digest and expected.parts > 2:",
        "if False:",
        f"{_MATRIX}::test_parts_of_several_sizes_are_asked_for_one_by_one",
    ),
    _check(
        "strict refuses what cannot be verified",
        "engine/download",
        "if self._rows.policy.is_strict:",
        "if False:",
        f"{_JUDGING}::test_strict_lets_no_file_through_that_cannot_be_verified",
    ),
    _check(
        "damaged bytes are tried once more",
        "engine/download",
        "if error.kind is ErrorKind.CHECKSUM:",
        "if False:",
        f"{_MATRIX}::test_a_bit_flipped_once_is_mended_by_one_more_try",
    ),
    _check(
        "damaged bytes are not kept",
        "engine/download",
        "ErrorKind.CHANGED, ErrorKind.CHECKSUM, ErrorKind.PROTOCOL",
        "ErrorKind.CHANGED, ErrorKind.PROTOCOL",
        f"{_MATRIX}::test_a_bit_flipped_once_is_mended_by_one_more_try",
    ),
    # From the part file to the name.
    _check(
        "a large file is flushed before it is named",
        "engine/download",
        "            await tools.offload(part.sync)\n",
        "            pass\n",
        f"{_PUBLISH}::test_a_large_file_is_flushed_before_it_has_its_name_and_the_name_after",
    ),
    _check(
        "the name of a large file is flushed",
        "engine/download",
        "await tools.offload(part.sync_folder)",
        "pass",
        f"{_PUBLISH}::test_a_large_file_is_flushed_before_it_has_its_name_and_the_name_after",
    ),
    _check(
        "a file is compared before it is named",
        "engine/download",
        "            verified, note = await self._verify(fetch)\n",
        '            verified, note = None, ""\n',
        f"{_PUBLISH}::test_a_file_that_is_damaged_is_never_flushed_nor_named",
    ),
    _check(
        "the gate is asked before a file is named",
        "engine/download",
        "if not self._rows.may_publish(row.index, self._attempt):",
        "if False:",
        f"{_PUBLISH}::test_a_row_that_ended_while_its_file_was_flushed_gets_no_file",
    ),
    _check(
        "a name that was taken meanwhile is left alone",
        "disk/part_file",
        "        if replace:\n",
        "        if True:\n",
        f"{_PUBLISH}::test_a_file_that_appeared_meanwhile_stays_as_it_is",
    ),
)
