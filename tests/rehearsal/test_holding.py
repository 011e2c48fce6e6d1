"""Holding trials: how far each goes, what is said, and how many are held at once. Servers are data."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sink import Rule, Sink

from sealgate.rehearsal.holding import Terms, _stuffed, hold, hold_all, plain_message
from sealgate.rehearsal.internet import Clients
from sealgate.rehearsal.network import Place
from sealgate.rehearsal.trials import Client, Ended, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Sequence

TERMS = Terms(Clients(Place()))


def trial(port: int, name: str = "t", **more: Any) -> Trial:
    options: dict[str, Any] = {
        "client": Client("127.0.0.1"), "sender": "a@b.example", "recipients": ("c@d.example",), "until": Until.MESSAGE,
    } | more  # fmt: skip
    return Trial(name, "127.0.0.1", port, **options)


def held(rules: Sequence[Rule] = (), *, keywords: tuple[str, ...] = ("PIPELINING",), **more: Any) -> Ended:
    with Sink(rules=list(rules), keywords=keywords) as sink:
        return hold(trial(sink.port, **more), TERMS)


def said(ended: Ended) -> list[str]:
    return [reply.said.partition(" ")[0] for reply in ended.replies]


def test_a_trial_that_is_let_sends_its_message_and_leaves() -> None:
    assert said(held()) == ["(connect)", "EHLO", "MAIL", "RCPT", "DATA", "(message)", "QUIT"]


@pytest.mark.parametrize(
    ("until", "last"),
    [(Until.GREETING, "(connect)"), (Until.MAIL, "MAIL"), (Until.RCPT, "RCPT"), (Until.MESSAGE, "(message)")],
)
def test_a_trial_goes_as_far_as_it_is_told(until: Until, last: str) -> None:
    assert said(held(until=until))[-2] == last


def test_nobody_goes_further_than_the_terms_allow() -> None:
    with Sink() as sink:
        ended = hold(trial(sink.port), Terms(Clients(Place()), furthest=Until.RCPT))

    assert said(ended)[-2] == "RCPT"


@pytest.mark.parametrize("verb", ["CONNECT", "MAIL"])
def test_a_refusal_ends_a_trial(verb: str) -> None:
    ended = held([Rule(verb, "554 5.7.1 no")])

    assert ended.last.code == 554
    assert "RCPT" not in said(ended)


def test_one_recipient_that_is_taken_is_enough() -> None:
    ended = held([Rule("RCPT", "550 5.1.1 no", match="no@d")], recipients=("no@d.example", "yes@d.example"))

    assert said(ended).count("RCPT") == 2
    assert "(message)" in said(ended)


def test_the_queue_id_is_read_from_the_last_reply() -> None:
    assert held([Rule("BODY", "250 2.0.0 Ok: queued as 4jXhc53jJPz1K")]).queue_id == "4jXhc53jJPz1K"
    assert held([Rule("BODY", "550 5.7.1 no")]).queue_id == ""


def test_size_and_parameters_are_announced() -> None:
    ended = held(size=123, mail_parameters="BODY=8BITMIME")

    assert ended.reply_to("MAIL FROM:<a@b.example> SIZE=123 BODY=8BITMIME") is not None


def test_further_commands_follow_the_greeting() -> None:
    ended = held(client=Client("127.0.0.1", extra=("XCLIENT ADDR=192.0.2.1", "NOOP")))

    assert said(ended)[1:4] == ["EHLO", "XCLIENT", "NOOP"]


def test_without_a_name_no_greeting_is_said() -> None:
    assert "EHLO" not in said(held(client=Client("127.0.0.1", helo="")))


def test_a_login_is_tried_and_its_refusal_ends_the_trial() -> None:
    token = base64.b64encode(b"\0me\0secret").decode()

    ended = held([Rule("AUTH", "535 5.7.8 no")], client=Client("127.0.0.1", login="me", password="secret"))

    assert ended.reply_to(f"AUTH PLAIN {token}") is not None
    assert "MAIL" not in said(ended)


def test_tls_that_is_not_offered_ends_the_trial() -> None:
    assert said(held(client=Client("127.0.0.1", tls=True))) == ["(connect)", "EHLO", "QUIT"]


def test_where_nobody_listens_the_reason_is_the_reply() -> None:
    with Sink() as sink:
        port = sink.port

    assert [(reply.code, reply.text) for reply in hold(trial(port), TERMS).replies] == [(0, "Connection refused")]


def test_a_trial_that_met_a_crowd_is_held_again() -> None:
    crowd = [Rule("CONNECT", "421 4.7.0 gw Error: too many connections from 127.0.0.1")]
    with Sink(rules=crowd) as sink:
        (ended,) = hold_all([trial(sink.port)], TERMS).values()

        assert ended.last.code == 421
        assert sink.sessions == 2


def test_all_trials_end_in_their_order() -> None:
    with Sink() as sink:
        names = [f"t{number}" for number in range(30)]
        ended = hold_all([trial(sink.port, name) for name in names], TERMS)

    assert list(ended) == names
    assert all(one.last.said == "(message)" for one in ended.values())


def test_no_trials_are_held_at_once() -> None:
    assert hold_all([], TERMS) == {}


class Crowd:
    """Clients that count how many connect at the same time."""

    def __init__(self, port: int) -> None:
        self.port, self.now, self.most = port, 0, 0
        self.lock = threading.Lock()

    def connect(self, *arguments: Any) -> Any:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return Clients(Place()).connect(*arguments)
        finally:
            threading.Event().wait(0.01)
            with self.lock:
                self.now -= 1


def test_a_service_with_few_processes_has_few_sessions_at_once() -> None:
    with Sink() as sink:
        crowd = Crowd(sink.port)
        terms = Terms(crowd, processes={crowd.port: 2})
        hold_all([trial(crowd.port, f"t{number}") for number in range(12)], terms)

    assert 1 <= crowd.most <= 2


# -- messages


@given(st.binary(max_size=300))
def test_a_stuffed_message_has_no_line_of_a_single_dot(message: bytes) -> None:
    stuffed = _stuffed(message)

    assert b"\r\n.\r\n" not in b"\r\n" + stuffed
    assert stuffed.endswith(b"\r\n")


def test_a_plain_message_names_its_trial() -> None:
    assert b"X-Sealgate-Trial: t\r\n" in plain_message(trial(25))
    assert b"From: <MAILER-DAEMON@" in plain_message(trial(25, sender=""))
