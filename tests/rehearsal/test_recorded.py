"""Envelopes are read whole from the log and the events, and what cannot be tried again is counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.postfix.logs import record
from sealgate.rehearsal.recorded import Outcome, Recorded, Recording, choose, outcome_of, read

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID = "4jXcfQ1RFXz13"
CONNECTED = "smtpd[7]: connect from mail.example.org[198.51.100.7]"
TAKEN = f"smtpd[7]: {ID}: client=mail.example.org[198.51.100.7]"
QUEUED = f"qmgr[9]: {ID}: from=<a@example.org>, size=4711, nrcpt=1 (queue active)"
SENT = (
    f"lmtp[8]: {ID}: to=<b@relay.test>, relay=127.0.0.1[127.0.0.1]:10025, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, "
    "status=sent (250 2.0.0 Ok: queued as 4jXcfQ1S2pz16)"
)
REFUSED = (
    "smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: {reply}; from=<a@example.org> to=<b@relay.test> "
    "proto=ESMTP helo=<client.example.org>"
)
EVENT: dict[str, Any] = {
    "event": "message",
    "queue_id_in": ID,
    "client": {"address": "198.51.100.7", "name": "mail.example.org", "helo": "helo.example.org"},
    "sender": "a@example.org",
    "recipients": [{"address": "b@relay.test", "outcome": "passed", "reply": "250"}],
}


def recording(*lines: str, events: Iterable[dict[str, Any]] = (), name: str = "sealgate") -> Recording:
    return read((record(f"Feb 28 10:00:00 gw {name}/{line}", NOW) for line in lines), events)


def refused(reply: str) -> Recorded:
    (found,) = recording(REFUSED.format(reply=reply)).envelopes
    return found


def test_accepted_mail_is_put_together_from_its_lines() -> None:
    (found,) = recording(CONNECTED, TAKEN, QUEUED, SENT).envelopes

    assert (found.client, found.name, found.sender, found.recipient, found.size) == (
        "198.51.100.7", "mail.example.org", "a@example.org", "b@relay.test", 4711,
    )  # fmt: skip
    assert found.outcome is Outcome.ACCEPTED


def test_the_helo_name_of_accepted_mail_comes_from_the_event() -> None:
    (found,) = recording(CONNECTED, TAKEN, QUEUED, SENT, events=[EVENT]).envelopes

    assert found.helo == "helo.example.org"


def test_accepted_mails_without_an_event_are_counted() -> None:
    assert recording(CONNECTED, TAKEN, QUEUED, SENT).without_helo == 1


def test_a_recipient_that_is_known_from_both_is_one_envelope() -> None:
    assert len(recording(TAKEN, QUEUED, SENT, events=[EVENT]).envelopes) == 1


def test_a_session_over_tls_is_told_from_one_without() -> None:
    secured = (
        "smtpd[7]: Anonymous TLS connection established from mail.example.org[198.51.100.7]: TLSv1.3 with cipher X"
    )

    over_tls = recording(CONNECTED, secured, TAKEN, QUEUED, SENT).envelopes[0]
    next_session = recording(CONNECTED, secured, CONNECTED, TAKEN, QUEUED, SENT).envelopes[0]

    assert (over_tls.tls, next_session.tls) == (True, False)


def test_a_refusal_has_the_whole_envelope() -> None:
    found = refused("554 5.7.1 <b@relay.test>: Relay access denied")

    assert (found.client, found.name, found.helo) == ("203.0.113.9", "", "client.example.org")
    assert (found.sender, found.recipient) == ("a@example.org", "b@relay.test")
    assert found.reply == "554 5.7.1 <b@relay.test>: Relay access denied"
    assert found.outcome is Outcome.REFUSED


def test_a_reply_with_semicolons_is_read_to_its_end() -> None:
    found = refused(
        "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.example.net; a text; more"
    )

    assert found.reply.endswith("more")
    assert found.lists == (("zen.example.net", "203.0.113.9"),)


def test_a_domain_that_a_list_had_is_told() -> None:
    found = refused("554 5.7.1 Service unavailable; Sender address [a@example.org] blocked using dbl.example.net")

    assert found.lists == (("dbl.example.net", "a@example.org"),)


def test_what_the_next_hop_said_of_a_recipient_is_kept() -> None:
    found = refused(
        "450 4.1.1 <b@relay.test>: Recipient address rejected: undeliverable address: host 192.0.2.1[192.0.2.1] said: "
        "550 5.1.1 no such user (in reply to RCPT TO command)"
    )

    assert found.asked == "550 5.1.1 no such user"
    assert found.outcome is Outcome.DEFERRED


def test_a_line_that_a_header_check_met_is_kept() -> None:
    met = (
        f"cleanup[5]: {ID}: reject: header Subject: make money fast from unknown[203.0.113.9]; from=<a@example.org> "
        "to=<b@relay.test> proto=ESMTP helo=<client.example.org>: 5.7.1 spam detected"
    )

    (found,) = recording(f"smtpd[7]: {ID}: client=unknown[203.0.113.9]", met).envelopes

    assert (found.line_kind, found.line) == ("header", "Subject: make money fast")
    assert (found.sender, found.recipient, found.helo) == ("a@example.org", "b@relay.test", "client.example.org")
    assert found.reply == "550 5.7.1 spam detected"


def test_a_null_sender_is_a_sender() -> None:
    (found,) = recording(TAKEN, f"qmgr[9]: {ID}: from=<>, size=1, nrcpt=1 (queue active)", SENT).envelopes

    assert found.sender == ""


def test_an_address_after_an_alias_counts_as_it_was_given() -> None:
    aliased = SENT.replace("to=<b@relay.test>,", "to=<c@inside.test>, orig_to=<b@relay.test>,")

    assert recording(TAKEN, QUEUED, aliased).envelopes[0].recipient == "b@relay.test"


def test_what_the_mpa_hands_back_is_not_counted_again() -> None:
    back = (
        "smtpd[7]: 4jXcfQ1S2pz16: client=mail.example.org[198.51.100.7], orig_queue_id=x, orig_client=y[198.51.100.7]"
    )

    assert recording(back, QUEUED.replace(ID, "4jXcfQ1S2pz16")).envelopes == ()


def test_local_mail_came_from_nobody() -> None:
    assert recording(f"pickup[4]: {ID}: uid=0 from=<root>", QUEUED, SENT).envelopes == ()


@pytest.mark.parametrize(
    "line",
    [
        f"{TAKEN}, sasl_method=PLAIN, sasl_username=alice",
        f"{REFUSED.format(reply='554 5.7.1 no')} sasl_username=<alice>",
        REFUSED.format(reply="554 5.5.1 no").replace("RCPT from", "DATA from"),
        REFUSED.format(reply="552 5.3.4 Message size exceeds fixed limit").replace("RCPT from", "MAIL from"),
    ],
)
def test_what_cannot_be_tried_again_is_counted(line: str) -> None:
    found = recording(line, QUEUED)

    assert found.envelopes == ()
    assert sum(found.left_out.values()) == 1


def test_mail_refused_before_it_named_a_recipient_has_none() -> None:
    line = "smtpd[7]: NOQUEUE: reject: MAIL from unknown[203.0.113.9]: 450 4.7.1 no; from=<a@b.c> proto=ESMTP helo=<x>"

    assert recording(line).envelopes[0].recipient == ""


def test_a_refusal_by_postscreen_is_read_too() -> None:
    line = (
        "postscreen[7]: NOQUEUE: reject: RCPT from [203.0.113.9]:4711: 550 5.7.1 Service unavailable; client "
        "[203.0.113.9] blocked using zen.example.net; from=<a@b.c>, to=<d@e.f>, proto=ESMTP, helo=<x.example>"
    )

    (found,) = recording(line).envelopes

    assert (found.client, found.sender, found.recipient, found.helo) == ("203.0.113.9", "a@b.c", "d@e.f", "x.example")
    assert found.lists == (("zen.example.net", "203.0.113.9"),)


def test_the_service_is_what_the_daemon_calls_itself() -> None:
    found = recording(REFUSED.format(reply="554 5.7.1 no"), name="sealgate/submission").envelopes[0]

    assert found.service == "sealgate/submission"


def mail(client: str = "203.0.113.9", **more: Any) -> Recorded:
    return Recorded(client, "a@example.org", "b@relay.test", **more)


def test_the_same_mail_is_tried_once_and_counted() -> None:
    assert [(one.envelope.client, one.mails) for one in choose([mail(), mail(), mail("203.0.113.8")], 10)] == [
        ("203.0.113.8", 1), ("203.0.113.9", 2),
    ]  # fmt: skip


def test_of_mails_that_differ_in_size_the_largest_is_tried() -> None:
    (one,) = choose([mail(size=10), mail(size=900), mail(size=20)], 10)

    assert one.envelope.size == 900


def test_each_kind_of_outcome_has_its_turn_when_there_are_too_many() -> None:
    many = [mail(f"203.0.113.{number}", reply="250") for number in range(50)]
    rare = mail("198.51.100.1", outcome=Outcome.REFUSED, reply="554 5.7.1 no")

    chosen = choose([rare, *many], 4)

    assert len(chosen) == 4
    assert rare in [one.envelope for one in chosen]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(250, Outcome.ACCEPTED), (450, Outcome.DEFERRED), (0, Outcome.DEFERRED), (554, Outcome.REFUSED)],
)
def test_a_code_means_an_outcome(code: int, outcome: Outcome) -> None:
    assert outcome_of(code) is outcome


@given(st.lists(st.text(max_size=200), max_size=8))
def test_no_log_is_too_strange_to_read(lines: list[str]) -> None:
    found = recording(*lines)

    assert len(found.envelopes) <= len(lines)


@given(st.text(st.characters(exclude_characters="<>\r\n", exclude_categories=["Cs", "Zl", "Zp"]), max_size=60))
def test_any_address_is_read_as_it_stands(address: str) -> None:
    line = REFUSED.format(reply="554 5.7.1 no").replace("a@example.org", address)
    if len(line.splitlines()) == 1 and "\n" not in line:
        assert recording(line).envelopes[0].sender == address
