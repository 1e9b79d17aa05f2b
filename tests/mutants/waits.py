"""The rules of a connection that waits, for its network or for a sign-in, each broken once."""

from __future__ import annotations

from functools import partial

from tests.mutants.registry import of

_OUTAGE = "engine/test_outage.py"
_SIGN_IN = "engine/test_sign_in.py"
_WAKE = "s3/test_wake.py"


_waits = partial(of, "waits")

MUTANTS = (
    _waits(
        "a network can only be gone after it was there",
        "engine/outage",
        "if self._repair is None and self._has_answered:",
        "if self._repair is None:",
        f"{_OUTAGE}::test_before_the_first_answer_a_network_that_is_gone_is_an_error_like_others",
    ),
    _waits(
        "a server that refuses is there",
        "engine/patience",
        "if new_bytes or failure.code:",
        "if new_bytes:",
        f"{_OUTAGE}::test_a_server_that_refused_or_sent_a_part_has_been_there",
    ),
    _waits(
        "there is one probe, whoever waits",
        "engine/outage",
        "if self._repair is None and self._has_answered:",
        "if self._has_answered:",
        f"{_OUTAGE}::test_all_wait_for_one_probe_at_a_time_and_go_on_together_without_a_try_lost",
    ),
    _waits(
        "no try is lost",
        "engine/patience",
        "                budget.count_wait()\n",
        "                asker.tries_again()\n",
        f"{_OUTAGE}::test_all_wait_for_one_probe_at_a_time_and_go_on_together_without_a_try_lost",
    ),
    _waits(
        "nothing is asked after a wait for a slot in which the network went",
        "engine/patience",
        "                if self.wait is not None:\n                    continue\n",
        "",
        f"{_OUTAGE}::test_nothing_is_asked_while_the_network_is_gone_nor_after_a_wait_for_a_slot_in_which_it_went",
    ),
    _waits(
        "any answer of a server ends the outage",
        "engine/outage",
        "if not failed.kind.is_transport and failed.kind is not ErrorKind.TLS_UNTRUSTED:",
        "if False:",
        f"{_OUTAGE}::test_the_network_is_back_when_a_server_answers_whatever_it_says",
    ),
    _waits(
        "a certificate that is not the server's is no answer of it",
        "engine/outage",
        " and failed.kind is not ErrorKind.TLS_UNTRUSTED",
        "",
        f"{_OUTAGE}::test_the_network_is_back_when_a_server_answers_whatever_it_says",
    ),
    _waits(
        "probes come ever later",
        "engine/outage",
        "backoff_s(self._timing, probes, ",
        "backoff_s(self._timing, 1, ",
        f"{_OUTAGE}::test_probes_come_ever_later_up_to_a_limit",
    ),
    _waits(
        "what is given up ends the batch",
        "engine/outage",
        "error.kind if error.kind.is_systemic else ErrorKind.UNREACHABLE",
        "error.kind",
        f"{_OUTAGE}::test_a_network_that_stays_away_is_given_up_with_an_error_that_ends_the_batch",
    ),
    _waits(
        "what was given up is not waited for again",
        "engine/outage",
        "            self._has_answered = False\n            raise",
        "            raise",
        f"{_OUTAGE}::test_after_it_was_given_up_the_connection_is_like_one_that_has_never_answered",
    ),
    _waits(
        "waits that come to nothing have an end",
        "engine/patience",
        "if budget.can_wait and self",
        "if self",
        f"{_OUTAGE}::test_a_request_that_fails_after_each_wait_is_no_endless_loop",
    ),
    _waits(
        "with the last who waits the repair ends",
        "engine/repair",
        "            if not self._waiting and not self._task.done():\n",
        "            if False:\n",
        f"{_OUTAGE}::test_the_last_who_leaves_ends_the_probing_and_the_next_failure_begins_a_new_one",
    ),
    _waits(
        "one who leaves ends nothing for the others",
        "engine/repair",
        "if not self._waiting and not self._task.done():",
        "if not self._task.done():",
        f"{_OUTAGE}::test_a_cancelled_wait_ends_in_that_turn_and_the_others_go_on",
    ),
    _waits(
        "keys are renewed once for all",
        "engine/sign_in",
        "if version == self.version and self._repair is None:",
        "if version == self.version:",
        f"{_SIGN_IN}::test_keys_are_renewed_once_for_all_requests_and_none_loses_a_try",
    ),
    _waits(
        "keys that were renewed since are not renewed again",
        "engine/sign_in",
        "if version == self.version and self._repair is None:",
        "if self._repair is None:",
        f"{_SIGN_IN}::test_a_request_refused_with_the_keys_before_is_made_again_without_another_renewal",
    ),
    _waits(
        "new keys that are refused are not renewed for ever",
        "engine/sign_in",
        "        self._are_keys_untried = True\n",
        "",
        f"{_SIGN_IN}::test_new_keys_that_are_refused_are_not_renewed_for_ever",
    ),
    _waits(
        "keys that were good may expire again",
        "engine/sign_in",
        "            self._are_keys_untried = False\n\n",
        "            pass\n\n",
        f"{_SIGN_IN}::test_each_expiry_is_renewed_as_long_as_the_keys_between_were_good",
    ),
    _waits(
        "nobody is asked where nobody is",
        "engine/sign_in",
        "if not self._is_attended:",
        "if False:",
        f"{_SIGN_IN}::test_where_nobody_can_sign_in_it_is_an_error_that_ends_the_batch_and_says_what_to_do",
    ),
    _waits(
        "a person is believed, a look is not",
        "engine/sign_in",
        "await self._renew() or self._is_by_person",
        "await self._renew() or True",
        f"{_SIGN_IN}::test_a_look_of_who_does_not_wait_lets_nobody_go_on_with_keys_that_are_the_same",
    ),
    _waits(
        "a person is believed about keys that look the same",
        "engine/sign_in",
        "await self._renew() or self._is_by_person",
        "await self._renew()",
        f"{_SIGN_IN}::test_who_says_that_they_signed_in_is_believed_even_if_the_keys_look_the_same",
    ),
    _waits(
        "a person may try as often as they like",
        "engine/patience",
        "                budget.forget_waits()\n",
        "                pass\n",
        f"{_SIGN_IN}::test_a_person_may_try_again_as_often_as_they_like",
    ),
    _waits(
        "a browser does not wait for a person",
        "engine/sign_in",
        "        if is_patient:\n",
        "        if True:\n",
        f"{_SIGN_IN}::test_who_does_not_wait_for_a_person_gets_the_error_and_leaves_the_others_waiting",
    ),
    _waits(
        "a sleep breaks off what is running",
        "s3/curl",
        "            self._multi.end(handle.curl, slept(handle.request))\n",
        "            pass\n",
        f"{_WAKE}::test_after_a_sleep_a_running_request_ends_long_before_the_low_speed_limit",
    ),
    _waits(
        "no idle connection outlives a sleep",
        "s3/multi",
        "retired, self._multi = self._multi, self._new()",
        "retired = self._new()",
        f"{_WAKE}::test_an_idle_connection_from_before_a_sleep_is_not_used_again",
    ),
    _waits(
        "keys are looked for anew, not in what was read",
        "s3/boto_setup",
        "            session = Session(profile=self._spec.profile or None)\n            credentials",
        "            session = self._session\n            credentials",
        "s3/test_renewal.py::test_new_keys_of_the_profile_sign_the_requests_after_the_renewal",
    ),
    _waits(
        "plain keys are looked for anew, not in what was read",
        "s3/plain",
        "        made = plain_setup(self.spec, self.by_botocore)\n",
        "        made = self\n",
        "s3/test_renewal.py::test_new_keys_of_the_profile_sign_the_requests_after_the_renewal",
    ),
)
