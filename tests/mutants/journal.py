"""The journal's rules, each broken once or more."""

from __future__ import annotations

from functools import partial

from tests.mutants.registry import of

_JOURNAL = "disk/test_journal.py"
_DAMAGE = "disk/test_journal_damage.py"
_PROCESSES = "disk/test_journal_processes.py"


_journal = partial(of, "journal")

MUTANTS = (
    _journal(
        "a flush resolves after the commit",
        "disk/journal_writer",
        "if self._is_closed or not (self._queue or self._is_busy):",
        "if True:",
        f"{_JOURNAL}::test_a_flush_resolves_after_the_commit",
    ),
    _journal(
        "a flush waits for what the writer has in hand",
        "disk/journal_writer",
        "not (self._queue or self._is_busy)",
        "not self._queue",
        f"{_JOURNAL}::test_a_flush_waits_for_what_the_writer_has_in_hand",
    ),
    _journal(
        "what is flushed is committed",
        "disk/journal_changes",
        'connection.execute("COMMIT")\n        return [batch',
        "return [batch",
        f"{_PROCESSES}::test_what_was_flushed_is_there_after_a_kill",
    ),
    _journal(
        "a flush never hangs on a bug",
        "disk/journal_writer",
        "except Exception as error:",
        "except ValueError as error:",
        f"{_DAMAGE}::test_a_bug_in_the_writer_turns_the_journal_off_and_leaves_no_flush_waiting",
    ),
    _journal(
        "recording waits for no disk",
        "disk/journal_writer",
        "            self._queue.append(change)\n            self._rouse()\n",
        "            self._queue.append(change)\n            self._carry_out()\n",
        f"{_JOURNAL}::test_recording_waits_for_no_disk",
    ),
    _journal(
        "a row is kept with its state",
        "disk/journal_values",
        "else row.state\n",
        "else State.QUEUED\n",
        f"{_JOURNAL}::test_rows_come_back_by_index_and_the_last_word_on_each_counts",
    ),
    _journal(
        "the last word on a row counts",
        "disk/journal_changes",
        "            self._rows.pop((batch_id, row.index), None)\n"
        "            self._rows[batch_id, row.index] = row\n",
        "            self._rows.setdefault((batch_id, row.index), row)\n",
        f"{_JOURNAL}::test_rows_come_back_by_index_and_the_last_word_on_each_counts",
    ),
    _journal(
        "the object published last is the one told",
        "disk/journal_changes",
        "            self._rows.pop((batch_id, row.index), None)\n",
        "",
        f"{_JOURNAL}::test_the_object_published_last_at_a_place_is_the_one_told",
    ),
    _journal(
        "an extent replaces the one of the same first byte",
        "disk/journal_changes",
        '"INSERT OR REPLACE INTO extents',
        '"INSERT OR IGNORE INTO extents',
        f"{_JOURNAL}::test_the_extents_of_a_part_are_replaced_by_their_first_byte",
    ),
    _journal(
        "a part that begins again forgets its extents",
        "disk/journal_changes",
        '        connection.executemany("DELETE FROM extents WHERE batch = ? AND idx = ?", spots)\n',
        "",
        f"{_JOURNAL}::test_a_part_that_begins_again_forgets_the_earlier_ones_extents",
    ),
    _journal(
        "an extent of no part is not kept",
        "disk/journal_changes",
        '    " WHERE EXISTS (SELECT 1 FROM parts WHERE batch = ?1 AND idx = ?2)"\n',
        "",
        f"{_JOURNAL}::test_an_extent_of_a_part_that_is_gone_is_not_kept",
    ),
    _journal(
        "no secret is kept",
        "disk/journal_values",
        "spec = batch.spec.without_secrets()",
        "spec = batch.spec",
        f"{_JOURNAL}::test_no_secret_is_in_the_files_and_none_comes_back",
    ),
    _journal(
        "a batch with nothing left is not unfinished",
        "disk/journal_schema",
        " AND verdict IN ({_FAILED_BY_PLAN})",
        " AND 0",
        f"{_JOURNAL}::test_a_batch_is_unfinished_while_a_row_of_it_can_still_be_fetched",
    ),
    _journal(
        "a claim is one process's",
        "disk/journal_claims",
        "                except Timeout:\n                    return False\n",
        "                except Timeout:\n                    return True\n",
        f"{_PROCESSES}::test_a_batch_that_a_live_process_has_is_neither_told_nor_given",
    ),
    _journal(
        "a claim for the next run outlives the end of the last",
        "disk/journal_claims",
        "if self._tokens.get(batch_id) is token:",
        "if True:",
        f"{_PROCESSES}::test_a_claim_for_the_next_run_outlives_the_end_of_the_last",
    ),
    _journal(
        "the end of a batch lets its claim go",
        "disk/journal_writer",
        "            self._claims.release(batch_id, token)\n",
        "            pass\n",
        f"{_PROCESSES}::test_the_end_of_a_batch_lets_its_claim_go",
    ),
    _journal(
        "a damaged file is set aside, not deleted",
        "disk/journal_file",
        ".rename(aside.with_name(aside.name + suffix))",
        ".unlink()",
        f"{_DAMAGE}::test_a_file_that_is_no_database_is_set_aside_and_said_once",
    ),
    _journal(
        "a busy file is no damage",
        "disk/journal_faults",
        "    if primary in _BUSY:\n",
        "    if False:\n",
        f"{_PROCESSES}::test_a_file_that_another_holds_for_a_while_is_waited_for",
    ),
    _journal(
        "a record that makes no sense is damage",
        "disk/journal_packing",
        "if sealed(values[:-1]) != values:",
        "if False:",
        f"{_DAMAGE}::test_a_record_or_a_table_that_makes_no_sense_is_damage",
    ),
    _journal(
        "a part of a batch never looks like the whole of it",
        "disk/journal_file",
        "            self.lost |= self.known\n",
        "",
        f"{_DAMAGE}::test_damage_that_shows_while_writing_is_set_aside_and_the_flush_resolves",
    ),
    _journal(
        "a newer version's file is left as it is",
        "disk/journal_schema",
        "    _refuse_newer(path)\n    connection",
        "    connection",
        f"{_DAMAGE}::test_the_journal_of_a_newer_version_is_left_as_it_is",
    ),
    _journal(
        "closing writes what is left",
        "disk/journal_writer",
        "            self._carry_out()\n            if is_last:",
        "            if not is_last:\n                self._carry_out()\n            if is_last:",
        f"{_JOURNAL}::test_what_is_not_written_yet_is_written_by_closing",
    ),
)
