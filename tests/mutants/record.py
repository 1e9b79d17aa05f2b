"""The order in which a batch is put on record, each rule of it broken once."""

from __future__ import annotations

from functools import partial

from tests.mutants.registry import of

_RECORD = "engine/test_record.py"
_RESUME = "e2e/test_resume.py"


_record = partial(of, "record")

MUTANTS = (
    _record(
        "a page's rows are safe before their part files are made",
        "engine/batch_plan",
        "                    await self._tools.record.flush()\n",
        "",
        f"{_RECORD}::test_no_part_file_is_made_of_a_row_that_another_start_would_not_know",
    ),
    _record(
        "bytes are written before they are told of",
        "engine/assembly",
        "        self.part.write_at(piece.end, data)\n",
        "        if piece.end != 2 << 20:\n            self.part.write_at(piece.end, data)\n",
        f"{_RECORD}::test_what_is_told_of_a_part_file_is_on_the_disk",
    ),
    _record(
        "what a stop leaves is told whole",
        "engine/assembly",
        "        self._tools.record.open_part(saved)\n",
        "",
        f"{_RECORD}::test_a_stop_tells_all_that_its_part_file_holds",
    ),
    _record(
        "a file is done when it has its name",
        "engine/record",
        "        if row.state in _RECORDED:\n            self.put((row,))\n",
        "        if row.state is State.RUNNING:\n"
        "            self.put((row,))\n"
        "            self._journal.put_rows('', [SavedRow(row.index, row.item, State.DONE)])\n",
        f"{_RECORD}::test_what_is_told_of_a_part_file_is_on_the_disk",
    ),
    _record(
        "part files are kept only where another start knows of them",
        "engine/batch",
        "        if keeps and self._tools.record.is_lasting:\n",
        "        if keeps:\n",
        f"{_RECORD}::test_part_files_stay_where_another_start_can_know_of_them",
    ),
    _record(
        "two processes never work on one batch",
        "engine/record",
        "        if not self._is_ours:\n            raise",
        "        if False:\n            raise",
        f"{_RESUME}::test_two_processes_never_work_on_one_batch",
    ),
    _record(
        "bytes that are here are not fetched again",
        "engine/batch_plan",
        "            row.kept = kept\n",
        "            row.kept = None\n",
        f"{_RESUME}::test_a_kill_costs_no_more_than_the_open_ranges",
    ),
    _record(
        "what an earlier start left is removed",
        "engine/batch_plan",
        "[name for name in left if kept is None or name != kept.name]",
        "[]",
        f"{_RESUME}::test_files_that_were_done_are_not_fetched_again_and_the_listing_goes_on",
    ),
    _record(
        "kept bytes are checked again",
        "engine/assembly",
        "if extent.first >= at and digest.digest() == extent.crc:",
        "if extent.first >= at:",
        "engine/test_download.py::test_bytes_that_are_no_longer_what_they_were_are_fetched_again",
    ),
    _record(
        "a file that was published but not recorded is taken as ours",
        "engine/planning",
        "if fact is not None and fact.is_like(item.obj.size_bytes, item.obj.modified_at):",
        "if False:",
        f"{_RESUME}::test_a_file_that_was_published_but_not_recorded_is_not_fetched_again",
    ),
    _record(
        "an object that changed is fetched anew when it is started again",
        "engine/download",
        "elif error.kind is ErrorKind.CHANGED and self._attempt > 1:",
        "elif False:",
        f"{_RESUME}::test_an_object_that_changed_after_the_kill_is_fetched_anew_and_that_is_said",
    ),
)
