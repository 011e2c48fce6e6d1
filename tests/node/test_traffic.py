"""The mail log as numbers: what counts, what is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sealgate.node.traffic import Sample, Tally

HEAD = "Nov 22 21:05:17 gw sealgate/"


def tallied(*lines: str, turns: int = 1) -> Sample:
    tally = Tally("]:10025")
    tally.feed(HEAD + line for line in lines)
    for _ in range(turns - 1):
        tally.feed(())
    return tally.sample(60.0)


def arrived(queue_id: str, sender: str = "a@example.org") -> tuple[str, str]:
    return (
        f"cleanup[25]: {queue_id}: message-id=<1@example.org>",
        f"qmgr[12]: {queue_id}: from=<{sender}>, size=304, nrcpt=1 (queue active)",
    )


def attempt(queue_id: str, status: str, relay: str = "192.0.2.1[192.0.2.1]:25", program: str = "smtp") -> str:
    return (
        f"{program}[33]: {queue_id}: to=<b@example.com>, relay={relay}, delay=0.04, delays=0/0.04/0/0, dsn=2.0.0, "
        f"status={status} (and why)"
    )


def test_a_message_taken_at_the_border_is_accepted():
    assert tallied("smtpd[22]: 4jXhRd08hTzgBKr: client=mx.example.org[203.0.113.9]").accepted == 1


def test_a_message_that_comes_back_from_the_mpa_is_not_accepted_again():
    line = "reinject/smtpd[22]: 4jXhRd08hTzgBKr: client=localhost[127.0.0.1], orig_queue_id=X, orig_client=x[192.0.2.1]"

    assert tallied(line).accepted == 0


def test_refusals_are_told_apart_by_their_code():
    sample = tallied(
        "smtpd[22]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <b@x.test>: Relay access denied",
        "smtpd[22]: NOQUEUE: reject: RCPT from unknown[2001:db8::9]: 450 4.1.1 <b@x.test>: not now; from=<a@b.test>",
        "smtpd[22]: NOQUEUE: reject_warning: RCPT from unknown[203.0.113.9]: 554 5.7.1 <b@x.test>: only a warning",
    )

    assert (sample.rejected, sample.put_off, sample.refused, sample.broken) == (1, 1, 2, 0)


def test_a_refusal_by_a_fault_of_our_own_counts_as_broken():
    sample = tallied(
        "smtpd[22]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 451 4.3.5 Server configuration error",
        "smtpd[22]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 451 4.3.0 <b@x.test>: Temporary lookup failure;",
    )

    assert (sample.broken, sample.put_off) == (2, 2)


def test_a_header_check_that_rejects_counts_as_a_refusal():
    line = "cleanup[25]: 4jXhRd08hTzgBKr: reject: header Subject: x from unknown[203.0.113.9]; from=<a@b.c>: 5.7.1 no"

    assert tallied(line).rejected == 1


def test_a_delivery_to_a_next_hop_is_done():
    sample = tallied(*arrived("AAAAAA"), attempt("AAAAAA", "sent"))

    assert (sample.arrived, sample.delivered, sample.failed) == (1, 1, 0)


def test_a_delivery_to_the_mpa_is_no_delivery():
    sample = tallied(*arrived("AAAAAA"), attempt("AAAAAA", "sent", "127.0.0.1[127.0.0.1]:10025", "lmtp"))

    assert (sample.delivered, sample.failed) == (0, 0)


def test_a_message_that_the_mpa_does_not_take_failed():
    sample = tallied(*arrived("AAAAAA"), attempt("AAAAAA", "deferred", "127.0.0.1[127.0.0.1]:10025", "lmtp"))

    assert sample.failed == 1


def test_only_the_first_attempt_counts():
    sample = tallied(*arrived("AAAAAA"), attempt("AAAAAA", "deferred"), attempt("AAAAAA", "sent"))

    assert (sample.delivered, sample.failed) == (0, 1)


def test_a_message_of_the_time_before_does_not_count():
    assert tallied(attempt("AAAAAA", "deferred")).failed == 0


def test_a_notification_does_not_count():
    assert tallied(*arrived("AAAAAA", ""), attempt("AAAAAA", "bounced")).failed == 0


def test_a_message_without_an_attempt_waits_after_two_more_turns():
    waiting = [tallied(*arrived("AAAAAA"), turns=turns).waiting for turns in (1, 2, 3)]

    assert waiting == [0, 0, 1]


def test_a_message_on_hold_does_not_wait():
    line = "cleanup[25]: AAAAAA: hold: header Subject: x from unknown[203.0.113.9]; from=<a@b.c>"

    assert tallied(*arrived("AAAAAA"), line, turns=3).waiting == 0


def test_daemons_that_die_are_counted_however_they_die():
    sample = tallied(
        "smtp[7]: fatal: bad numerical configuration: smtp_connect_timeout = 5x",
        "cleanup[7]: panic: vstring_vstrcpy: null argument",
        "master[1]: warning: process /usr/lib/postfix/sbin/smtp pid 7 killed by signal 11",
        "master[1]: warning: /usr/lib/postfix/sbin/smtp: bad command startup -- throttling",
    )

    assert sample.died == 4


def test_what_a_person_does_wrong_with_a_command_is_no_death():
    assert tallied("sendmail[7]: fatal: usage: sendmail [options]", "postqueue[7]: fatal: no").died == 0


def test_warnings_of_one_kind_are_counted_together():
    sample = tallied(
        "trivial-rewrite[7]: warning: dict_nis_init: table /a/1 has 7 faults",
        "trivial-rewrite[9]: warning: dict_nis_init: table /b/2 has 8 faults",
    )

    assert list(sample.warnings.values()) == [2]


def test_warnings_that_clients_cause_are_left_out():
    sample = tallied(
        "smtpd[7]: warning: hostname x.test does not resolve to address 203.0.113.9",
        "smtpd[7]: warning: non-SMTP command from unknown[203.0.113.9]: GET / HTTP/1.1",
        "smtpd[7]: warning: unknown[203.0.113.9]: SASL LOGIN authentication failed",
    )

    assert sample.warnings == {}


def test_examples_are_the_last_lines_of_each_kind():
    lines = [f"smtp[7]: fatal: number {number}" for number in range(9)]

    assert [line[-1] for line in tallied(*lines).examples["died"]] == ["4", "5", "6", "7", "8"]


def test_a_stretch_is_the_difference_of_two_samples():
    tally = Tally("]:10025")
    tally.feed([f"{HEAD}smtpd[22]: 4jXhRd08hTzgBKr: client=a[203.0.113.9]"] * 3)
    first = tally.sample(10)
    tally.feed([f"{HEAD}smtpd[22]: 4jXhRd08hTzgBKs: client=a[203.0.113.9]", f"{HEAD}proxymap[1]: warning: odd"])
    latest = tally.sample(25).since(first)

    assert (latest.seconds, latest.accepted, latest.warnings) == (15, 1, {"proxymap: odd": 1})


@given(st.lists(st.text(max_size=200), max_size=20))
def test_any_text_is_read_without_an_error(lines):
    tally = Tally("]:10025")
    tally.feed(lines)
    tally.feed(HEAD + line for line in lines)

    assert tally.sample(1.0).seconds == 1.0
