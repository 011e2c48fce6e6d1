"""Following messages through the log: lines in, answers out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sealgate.rehearsal.tracing import Trace, with_lines
from sealgate.rehearsal.trials import Client, Ended, Reply, Trial

HEAD = "Nov 22 21:12:37 gw sealgate/"
FIRST, SECOND, NOTICE = "4jXhc53jJPz1K", "4jXhc53tRFz1Q", "4jXhc53tRFz1R"


def lines(*texts: str) -> list[str]:
    return [HEAD + text for text in texts]


INTO_FILTER = lines(
    "smtpd[61]: connect from client.example.net[203.0.113.9]",
    f"smtpd[61]: {FIRST}: client=client.example.net[203.0.113.9]",
    f"cleanup[34]: {FIRST}: message-id=<a@rehearsal>",
    f"qmgr[15]: {FIRST}: from=<x@sender.org>, size=415, nrcpt=1 (queue active)",
    "smtpd[61]: disconnect from client.example.net[203.0.113.9] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
)
BACK = lines(
    f"reinject/smtpd[27]: {SECOND}: client=localhost[127.0.0.1], orig_queue_id={FIRST}",
    f"lmtp[55]: {FIRST}: to=<u@example.com>, relay=127.0.0.1[127.0.0.1]:19040, dsn=2.0.0, status=sent "
    f"(250 2.0.0 Ok: queued as {SECOND})",
    f"qmgr[15]: {SECOND}: from=<x@sender.org>, size=593, nrcpt=1 (queue active)",
    f"qmgr[15]: {FIRST}: removed",
)
OUT = lines(
    f"smtp[69]: {SECOND}: to=<u@example.com>, relay=inside[198.18.13.250]:2600, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
    f"qmgr[15]: {SECOND}: removed",
)
DEFERRED = lines(f"smtp[69]: {SECOND}: to=<u@example.com>, relay=none, dsn=4.4.1, status=deferred (No route to host)")
BOUNCED = lines(
    f"smtp[69]: {SECOND}: to=<u@example.com>, relay=inside[198.18.13.250]:25, dsn=5.1.1, status=bounced (no)",
    f"bounce[70]: {SECOND}: sender non-delivery notification: {NOTICE}",
    f"qmgr[15]: {SECOND}: removed",
)


def test_a_message_is_followed_through_the_filter() -> None:
    assert Trace(INTO_FILTER + BACK + OUT).chain(FIRST) == (FIRST, SECOND)


def test_delivered_mail_has_settled_and_nothing_of_it_stands() -> None:
    trace = Trace(INTO_FILTER + BACK + OUT)

    assert trace.settled([FIRST])
    assert trace.standing(FIRST) == ()


def test_delivered_mail_is_gone_and_deferred_mail_is_not() -> None:
    assert Trace([*INTO_FILTER, *BACK, *OUT]).gone(FIRST)
    assert not Trace([*INTO_FILTER, *BACK, *DEFERRED]).gone(FIRST)


def test_mail_that_was_never_seen_is_not_gone() -> None:
    assert not Trace([]).gone(FIRST)


def test_mail_has_not_settled_before_its_last_step() -> None:
    log = INTO_FILTER + BACK + OUT

    assert [Trace(log[:count]).settled([FIRST]) for count in range(len(log))] == [False] * len(log)


def test_mail_under_way_is_said_to_be() -> None:
    assert Trace(INTO_FILTER).standing(FIRST) == (f"still under way: {FIRST}",)


def test_deferred_mail_has_settled_and_stands() -> None:
    trace = Trace(INTO_FILTER + BACK + DEFERRED)

    assert trace.settled([FIRST])
    assert [line.partition(":")[0] for line in trace.standing(FIRST)] == ["deferred"]


def test_a_bounce_is_waited_for() -> None:
    trace = Trace(INTO_FILTER + BACK + BOUNCED)
    assert not trace.settled([FIRST])

    trace.feed(lines(f"qmgr[15]: {NOTICE}: removed"))

    assert trace.settled([FIRST])
    assert [line.partition(":")[0] for line in trace.standing(FIRST)] == ["bounced"]


def test_each_recipient_must_have_a_status() -> None:
    trace = Trace(lines(f"qmgr[15]: {FIRST}: from=<x@y>, size=1, nrcpt=2 (queue active)"))
    trace.feed(lines(f"smtp[1]: {FIRST}: to=<a@b>, dsn=4.0.0, status=deferred (x)"))
    assert not trace.settled([FIRST])

    trace.feed(lines(f"smtp[1]: {FIRST}: to=<c@b>, dsn=4.0.0, status=deferred (x)"))

    assert trace.settled([FIRST])


def test_what_bounced_beside_deferred_mail_is_waited_for() -> None:
    trace = Trace(lines(f"qmgr[15]: {FIRST}: from=<x@y>, size=1, nrcpt=2 (queue active)"))
    trace.feed(lines(f"smtp[1]: {FIRST}: to=<a@b>, dsn=4.0.0, status=deferred (x)"))
    trace.feed(lines(f"smtp[1]: {FIRST}: to=<c@b>, dsn=5.0.0, status=bounced (x)"))
    assert not trace.settled([FIRST])

    trace.feed(lines(f"bounce[2]: {FIRST}: sender non-delivery notification: {NOTICE}", f"q[1]: {NOTICE}: removed"))

    assert trace.settled([FIRST])


def test_mail_on_hold_has_settled_and_stands() -> None:
    trace = Trace(lines(f"cleanup[1]: {FIRST}: hold: header Subject: x from unknown[192.0.2.1]; from=<a> to=<b>"))

    assert trace.settled([FIRST])
    assert "hold" in trace.standing(FIRST)[0]


def test_mail_that_was_never_seen_has_not_settled() -> None:
    assert not Trace().settled([FIRST])
    assert Trace().settled([])


# -- the lines of a trial

REFUSED = lines(
    "smtpd[62]: connect from unknown[203.0.113.8]",
    "smtpd[62]: NOQUEUE: reject: RCPT from unknown[203.0.113.8]: 554 5.7.1 <f@far.example>: Relay access denied; "
    "from=<x@sender.org> to=<f@far.example> proto=ESMTP helo=<client.example.org>",
    "smtpd[62]: disconnect from unknown[203.0.113.8] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
)


def a_trial(name: str, address: str, recipient: str = "f@far.example") -> Trial:
    return Trial(name, "127.0.0.1", 25, Client(address), "x@sender.org", (recipient,))


def ended(name: str, queue_id: str = "") -> Ended:
    return Ended(name, (Reply("(connect)", 220, "220 x"),), queue_id)


def told(log: list[str], *pairs: tuple[Trial, Ended]) -> dict[str, tuple[str, ...]]:
    found = with_lines([trial for trial, _ in pairs], {end.trial: end for _, end in pairs}, log)
    return {name: end.log for name, end in found.items()}


def test_a_trial_has_the_lines_of_its_message_and_its_session_in_order() -> None:
    log = REFUSED + INTO_FILTER + BACK + OUT

    assert told(log, (a_trial("a", "203.0.113.9"), ended("a", FIRST)))["a"] == tuple(INTO_FILTER + BACK + OUT)


def test_a_refused_trial_has_the_lines_of_its_session() -> None:
    log = INTO_FILTER + REFUSED

    assert told(log, (a_trial("a", "203.0.113.8"), ended("a")))["a"] == tuple(REFUSED)


def test_two_sessions_of_one_client_are_told_apart_by_their_envelope() -> None:
    other = [line.replace("smtpd[62]", "smtpd[63]").replace("f@far", "g@far") for line in REFUSED]
    mixed = [line for both in zip(REFUSED, other, strict=True) for line in both]

    found = told(
        mixed,
        (a_trial("g", "203.0.113.8", "g@far.example"), ended("g")),
        (a_trial("f", "203.0.113.8"), ended("f")),
    )

    assert found == {"f": tuple(REFUSED), "g": tuple(other)}


def test_equal_trials_each_have_a_session_of_their_own() -> None:
    later = [line.replace("21:12:37", "21:12:38") for line in REFUSED]

    found = told(REFUSED + later, (a_trial("a", "203.0.113.8"), ended("a")), (a_trial("b", "203.0.113.8"), ended("b")))

    assert found == {"a": tuple(REFUSED), "b": tuple(later)}


def test_a_trial_without_connection_has_no_lines() -> None:
    nothing = Ended("a", (Reply("(connect)", 0, "Connection refused"),))

    assert told(REFUSED, (a_trial("a", "203.0.113.8"), nothing))["a"] == ()


def test_a_process_that_serves_again_begins_a_new_session() -> None:
    again = [line.replace("203.0.113.8", "203.0.113.7") for line in REFUSED]

    assert told(REFUSED + again, (a_trial("a", "203.0.113.7"), ended("a")))["a"] == tuple(again)


@given(st.lists(st.text(max_size=80), max_size=10))
def test_any_log_can_be_read(log: list[str]) -> None:
    found = told(log, (a_trial("a", "203.0.113.8"), ended("a", FIRST)))

    assert set(found) == {"a"}
