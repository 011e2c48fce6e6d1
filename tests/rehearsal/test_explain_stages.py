"""The stages of a mail's way, from logs and replies written down by hand: no Postfix runs here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.rehearsal.subjects import arrival, replied, saw

from sealgate.link.rehearsals import Opinion
from sealgate.postfix.trace import Command, Evaluation, Lookup, Session, Tried
from sealgate.rehearsal.explain import Entry, Finder, explain
from sealgate.rehearsal.trials import Client, Route, Trial

TRIAL = Trial("t", "192.0.2.1", 25, Client("203.0.113.9"), "a@example.org", ("u@relay.example",))
CONNECT = ("(connect)", 220, "220 gw ESMTP")
TAKEN = ("(message)", 250, "250 2.0.0 Ok: queued as 4F")
FILTER = "smtp:[127.0.0.1]:10025"


def finder(entry=None, rule=None, origin=None):
    return Finder(
        lambda lookup: entry or Entry(), lambda kind, text: rule, lambda name: origin or Entry(0, "setting", name)
    )


def told(*commands):
    """Return one session of the trial's client in which restrictions were tried."""
    return [Session("smtpd", "unknown", "203.0.113.9", (Command("MAIL FROM:<a@example.org>", ()), *commands))]


def asked(parameter, *tried, reply="250 2.1.5 Ok", log=()):
    return Command("RCPT TO:<u@relay.example>", (reply,), (Evaluation(parameter, tried),), log)


def way(*replies, sessions=(), found=None, log=(), line=(), content_filter="", **more):
    """Return the explanation; `log` is that of the run, `line` that of the trial."""
    ended = replace(replied("t", CONNECT, *replies, log=tuple(line)), queue_id="4F")
    return explain(TRIAL, saw(ended, log=tuple(log), **more), found or finder(), content_filter, sessions)


def stage(answer, name):
    return next(one for one in answer.stages if one.name == name)


def unreached(answer):
    return [one.name for one in answer.stages if one.opinion is Opinion.NOT_REACHED]


def check(action, kind="header", text="Subject: x"):
    envelope = "unknown[203.0.113.9]; from=<a@example.org> to=<u@relay.example> proto=ESMTP helo=<h>"
    return f"Jul  1 10:00:00 gw postfix/cleanup[9]: 4F: {action}: {kind} {text} from {envelope}"


# -- the listener


def test_a_listener_that_greets_passes() -> None:
    assert stage(way(TAKEN), "listener").opinion is Opinion.PASSED


def test_a_listener_without_a_greeting_refuses_and_nothing_else_is_reached() -> None:
    answer = explain(TRIAL, saw(replied("t", ("(connect)", 0, "Connection refused"))), finder(), "", ())

    assert (answer.opinion, answer.decided, stage(answer, "listener").reply) == (
        Opinion.REFUSED, "listener", "Connection refused",
    )  # fmt: skip
    assert unreached(answer)[0] == "client"
    assert unreached(answer)[-1] == "route"


def test_a_refusal_in_the_greeting_is_the_listener_s() -> None:
    answer = explain(TRIAL, saw(replied("t", ("(connect)", 521, "521 go away"))), finder(), "", ())

    assert (answer.decided, answer.reply) == ("listener", "521 go away")


def early(reply, *commands):
    """Return a session in which the client's restrictions refused before the greeting."""
    lists = (Evaluation("smtpd_client_restrictions", (Tried("reject_unknown_client_hostname", 2),)),)
    return Session("smtpd", "unknown", "203.0.113.9", (Command("", (reply,), lists, ("a line",)), *commands))


@pytest.mark.parametrize(
    ("reply", "opinion"), [("554 5.7.1 no", Opinion.REFUSED), ("450 4.7.1 later", Opinion.DEFERRED)]
)
def test_a_refusal_before_the_greeting_is_the_restriction_s(reply: str, opinion: Opinion) -> None:
    ended = replied("t", ("(connect)", int(reply[:3]), reply), ("QUIT", 221, "221 2.0.0 Bye"))

    answer = explain(TRIAL, saw(ended), finder(), "", [early(reply)])

    found = stage(answer, "client")
    assert (answer.decided, answer.opinion, answer.reply) == ("client", opinion, reply)
    assert (stage(answer, "listener").opinion, found.restriction) == (Opinion.PASSED, "reject_unknown_client_hostname")
    assert (found.reply, found.log) == (reply, ("a line",))
    assert unreached(answer)[0] == "HELO"


def test_a_session_with_another_greeting_is_not_the_trial_s() -> None:
    ended = replied("t", ("(connect)", 421, "421 4.7.0 too many connections"))

    answer = explain(TRIAL, saw(ended), finder(), "", [early("554 5.7.1 no")])

    assert (answer.decided, answer.reply) == ("listener", "421 4.7.0 too many connections")


def test_what_is_said_after_a_refused_helo_does_not_hide_it() -> None:
    replies = (("EHLO h", 554, "554 5.7.1 bad helo"), ("MAIL FROM:<a@example.org>", 503, "503 send HELO/EHLO first"))
    helo = Command("EHLO h", ("554 5.7.1 bad helo",), (Evaluation("smtpd_helo_restrictions", (Tried("x", 2),)),))
    (session,) = told()

    answer = way(*replies, sessions=[replace(session, commands=(helo, *session.commands))])

    assert (answer.decided, answer.reply) == ("HELO", "554 5.7.1 bad helo")


# -- restriction lists


def test_a_list_without_an_opinion_passes_and_counts_its_restrictions() -> None:
    found = stage(way(TAKEN, sessions=told(asked("smtpd_client_restrictions", Tried("a", 0), Tried("b", 0)))), "client")

    assert (found.opinion, found.text) == (Opinion.PASSED, "None of the 2 restrictions had an objection.")


def test_an_empty_list_says_so() -> None:
    found = stage(way(TAKEN, sessions=told(asked("smtpd_data_restrictions"))), "DATA")

    assert found.text == "No restriction is set."


@pytest.mark.parametrize(
    ("reply", "opinion"), [("554 5.7.1 no", Opinion.REFUSED), ("450 4.7.1 later", Opinion.DEFERRED)]
)
def test_the_reply_tells_a_refusal_from_a_deferral(reply: str, opinion: Opinion) -> None:
    answer = way(("RCPT TO:<u@relay.example>", int(reply[:3]), reply), sessions=told(
        asked("smtpd_relay_restrictions", Tried("reject_unauth_destination", 2), reply=reply, log=("a line",))
    ))  # fmt: skip

    assert (answer.opinion, answer.decided, stage(answer, "relaying").log) == (opinion, "relaying", ("a line",))


def test_the_entry_that_decided_is_named_with_its_row() -> None:
    tried = Tried("check_client_access", 2, (Lookup("hash:/c/a", "9.9", None), Lookup("hash:/c/b", "203", "REJECT")))
    answer = way(sessions=told(asked("smtpd_client_restrictions", tried)), found=finder(Entry(3, "black", "203")))
    found = stage(answer, "client")

    assert (found.table, found.key, found.entry, found.line, found.noun, found.row) == (
        "hash:/c/b", "203", "REJECT", 3, "black", "203",
    )  # fmt: skip


def test_without_a_row_the_origin_of_the_list_is_named() -> None:
    answer = way(sessions=told(asked("smtpd_helo_restrictions", Tried("reject", 2))))

    assert (stage(answer, "HELO").noun, stage(answer, "HELO").row) == ("setting", "smtpd_helo_restrictions")


def test_a_class_is_followed_to_the_restriction_in_it() -> None:
    inner = Tried("careful", 2, (), (Tried("permit_mynetworks", 0), Tried("reject_unlisted_sender", 2)))
    found = stage(way(sessions=told(asked("smtpd_sender_restrictions", inner))), "sender")

    assert (found.restriction, found.text) == (
        "reject_unlisted_sender", "careful by reject_unlisted_sender refused the mail.",
    )  # fmt: skip


def test_a_dns_list_is_told_by_the_name_that_exists() -> None:
    tried = Tried("reject_rbl_client", 2, (Lookup("dns", "9.113.zen.example A", "OK"),))

    assert (
        "9.113.zen.example exists"
        in stage(way(sessions=told(asked("smtpd_client_restrictions", tried))), "client").text
    )


def test_a_list_that_is_not_known_keeps_its_name() -> None:
    assert stage(way(TAKEN, sessions=told(asked("smtpd_etrn_restrictions"))), "smtpd_etrn_restrictions")


def test_of_two_sessions_that_with_the_recipient_is_the_trial_s() -> None:
    other = told(Command("RCPT TO:<x@relay.example>", (), (Evaluation("smtpd_helo_restrictions", ()),)))
    answer = way(TAKEN, sessions=[*told(asked("smtpd_client_restrictions")), *other])

    assert [one.name for one in answer.stages][1] == "client"


def test_the_session_of_another_client_is_not_looked_at() -> None:
    (other,) = told(asked("smtpd_client_restrictions", Tried("reject", 2)))

    assert way(TAKEN, sessions=[replace(other, client="203.0.113.8")]).opinion is Opinion.PERMITTED


# -- refusals that no restriction made


@pytest.mark.parametrize(
    ("said", "code", "text", "name", "parameter"),
    [
        ("MAIL FROM:<a>", 552, "552 5.3.4 Message size exceeds fixed limit", "sender", "message_size_limit"),
        ("RCPT TO:<u>", 550, "550 5.1.1 <u>: User unknown in table", "recipient", "relay_recipient_maps"),
        ("MAIL FROM:<a>", 452, "452 4.3.1 Insufficient system storage", "sender", "queue_minfree"),
        ("MAIL FROM:<a>", 530, "530 5.7.0 Must issue a STARTTLS command first", "sender", "smtpd_tls_security_level"),
        ("MAIL FROM:<a>", 503, "503 5.5.1 Error: send HELO/EHLO first", "sender", "smtpd_helo_required"),
        ("(message)", 521, "521 5.5.2 gw Error: bare <LF> received", "content", "smtpd_forbid_bare_newline"),
        ("DATA", 451, "451 4.3.5 Server configuration error", "DATA", ""),
        ("RCPT TO:<u>", 501, "501 5.1.3 Bad recipient address syntax", "recipient", "strict_rfc821_envelopes"),
    ],
)  # fmt: skip
def test_a_refusal_is_named_by_its_words(said: str, code: int, text: str, name: str, parameter: str) -> None:
    found = stage(way((said, code, text)), name)

    assert (found.parameter, found.reply) == (parameter, text)
    assert found.opinion is (Opinion.DEFERRED if code < 500 else Opinion.REFUSED)


def test_a_refusal_with_unknown_words_is_not_given_a_cause() -> None:
    answer = way(("RCPT TO:<u>", 550, "550 because"))

    assert (answer.decided, stage(answer, "recipient").parameter) == ("recipient", "")
    assert "names no restriction" in stage(answer, "recipient").text


def test_a_session_that_broke_off_is_a_refusal() -> None:
    assert way(("DATA", 0, "the connection was closed")).opinion is Opinion.REFUSED


def test_what_comes_behind_a_refused_recipient_is_not_reached() -> None:
    assert unreached(way(("RCPT TO:<u>", 550, "550 because"))) == [
        "DATA",
        "content checks",
        "MPA",
        "re-injection",
        "route",
    ]


def test_a_list_that_permits_does_not_hide_a_later_refusal() -> None:
    answer = way(
        ("(message)", 552, "552 5.3.4 too big"), sessions=told(asked("smtpd_relay_restrictions", Tried("permit", 1)))
    )

    assert (stage(answer, "relaying").opinion, answer.decided) == (Opinion.PERMITTED, "content")


# -- content checks


def test_a_rule_that_rejects_is_named_with_the_reply() -> None:
    rule = ("body_checks", "/x/ REJECT", Entry(4, "body-check", "x"))
    answer = way(("(message)", 550, "550 5.7.1 no"), log=[check("reject", "body")], found=finder(rule=rule))
    found = stage(answer, "content checks")

    assert (answer.opinion, found.parameter, found.row, found.line, found.reply) == (
        Opinion.REFUSED, "body_checks", "x", 4, "550 5.7.1 no",
    )  # fmt: skip


def test_a_rule_that_warned_before_another_rejected_did_not_decide() -> None:
    answer = way(("(message)", 550, "550 5.7.1 no"), log=[check("warning"), check("reject", text="X-Bad: 1")])

    assert (answer.opinion, stage(answer, "content checks").key) == (Opinion.REFUSED, "X-Bad: 1")


def test_a_rule_that_holds_gives_way_to_one_that_rejects() -> None:
    answer = way(("(message)", 550, "550 5.7.1 no"), log=[check("hold"), check("reject")])

    assert stage(answer, "content checks").restriction == "REJECT"


def test_a_refusal_of_the_message_is_not_blamed_on_a_rule_that_only_warned() -> None:
    answer = way(("(message)", 552, "552 5.3.4 too big"), log=[check("warning")])

    assert (answer.opinion, answer.decided) == (Opinion.REFUSED, "content")


@pytest.mark.parametrize("action", ["warning", "info", "strip", "prepend", "replace", "bcc", "filter", "redirect"])
def test_a_rule_that_lets_the_mail_go_on_is_told(action: str) -> None:
    found = stage(way(TAKEN, log=[check(action)]), "content checks")

    assert (found.opinion, found.restriction) == (Opinion.PASSED, action.upper())


@pytest.mark.parametrize(("action", "opinion"), [("discard", Opinion.REFUSED), ("hold", Opinion.DEFERRED)])
def test_a_message_that_was_taken_and_goes_nowhere_ends_at_the_checks(action: str, opinion: Opinion) -> None:
    answer = way(TAKEN, log=[check(action)])

    assert (answer.opinion, answer.decided) == (opinion, "content checks")
    assert unreached(answer)[-3:] == ["MPA", "re-injection", "route"]


def test_a_rule_that_another_message_met_is_not_told() -> None:
    assert "No header or body rule" in stage(
        way(TAKEN, log=[check("warning").replace("a@example.org", "b@example.org")]), "content checks"
    ).text  # fmt: skip


# -- after the queue


def status(program, text, *, to="u@relay.example", relay="127.0.0.1[127.0.0.1]:10025", word="sent", queue_id="4F"):
    return (
        f"Jul  1 10:00:00 gw postfix/{program}[7]: {queue_id}: to=<{to}>, relay={relay}, delay=0.1, delays=0/0/0/0,"
        f" dsn=2.0.0, status={word} ({text})"
    )


BACK = status("smtp", "250 2.0.0 Ok: queued as 5A")
ON = status("smtp", "250 2.0.0 Ok", relay="mx.relay.example[192.0.2.9]:25", queue_id="5A")


def test_mail_that_goes_through_the_mpa_comes_back_and_goes_on() -> None:
    answer = way(TAKEN, line=[BACK, ON], content_filter=FILTER)

    assert [one.name for one in answer.stages] == ["listener", "content checks", "MPA", "re-injection", "route"]
    assert "queued as 5A" in stage(answer, "re-injection").text


def test_without_a_filter_the_first_delivery_is_the_next_hop_s() -> None:
    assert [one.name for one in way(TAKEN, line=[BACK]).stages][-1] == "route"


@pytest.mark.parametrize(("word", "opinion"), [("deferred", Opinion.DEFERRED), ("bounced", Opinion.REFUSED)])
def test_mail_that_the_mpa_does_not_take_stays_there(word: str, opinion: Opinion) -> None:
    answer = way(TAKEN, line=[status("smtp", "no", word=word)], content_filter=FILTER)

    assert (answer.opinion, answer.decided, unreached(answer)) == (opinion, "MPA", ["re-injection", "route"])


def test_mail_that_the_next_hop_refuses_ends_there() -> None:
    answer = way(TAKEN, line=[BACK, ON.replace("status=sent", "status=bounced")], content_filter=FILTER)

    assert (answer.opinion, answer.decided) == (Opinion.REFUSED, "route")


def test_mail_that_nobody_was_handed_was_not_routed() -> None:
    answer = way(TAKEN, line=[BACK], content_filter=FILTER)

    assert (answer.opinion, unreached(answer)) == (Opinion.PERMITTED, ["route"])


@pytest.mark.parametrize(
    ("how", "words"),
    [({}, "with TLSv1.3."), ({"tls": ""}, "without TLS."), ({"login": "gate"}, "with TLSv1.3, as user gate.")],
)
def test_the_route_says_how_the_mail_arrived(how: dict[str, Any], words: str) -> None:
    routes = {"u@relay.example": Route("u@relay.example", "relay", "mx.relay.example")}
    found = stage(way(TAKEN, line=[ON], arrivals=(arrival("t", **how),), routes=routes), "route")

    assert "by the transport relay, " + words in found.text
