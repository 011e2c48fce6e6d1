"""Arrivals are compared with the pages: once, at the right server and port, with TLS and login as they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rehearsal.subjects import arrival, judged, replied, saw, subject

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.deliveries import Deliveries, NeverInClear
from sealgate.rehearsal.promises.promise import FOREIGN
from sealgate.rehearsal.trials import Certificate, Server

PROMISE = Deliveries()
MAIL = f"mail to {FOREIGN}"
MX = "mx.not-ours.example"
TLS, LOGIN = "TLS to not-ours.example", "login at not-ours.example"


def about(settings=None, rows=None, **more):
    return subject({"my-hostname": "gw.example.com", **(settings or {})}, rows, **more)


def judge(made, *arrivals, replies=(("(message)", 250, "250 queued"),), **more):
    """Return the verdicts on a run in which only the first message, that to a foreign domain, was sent."""
    return judged(PROMISE, made, saw(replied("del-0", *replies), arrivals=arrivals, **more))


def rulings(found):
    return {name: one.ruling for name, one in found.items()}


def test_mail_that_arrives_once_at_its_next_hop_passes() -> None:
    assert rulings(judge(about(), arrival("del-0", MX))) == dict.fromkeys((MAIL, TLS, LOGIN), Ruling.PASSED)


@pytest.mark.parametrize("came", [arrival("del-0", "mx.evil.example"), arrival("del-0", MX, 2525)])
def test_mail_that_arrives_elsewhere_fails(came) -> None:
    found = judge(about(), came)[MAIL]

    assert (found.ruling, found.blame) == (Ruling.FAILED, Place("setting", "external-relay-host"))


def test_mail_that_arrives_twice_fails() -> None:
    found = judge(about(), arrival("del-0", MX), arrival("del-0", MX))[MAIL]

    assert found.came == f"it arrived at {MX}:25, {MX}:25"
    assert found.ruling is Ruling.FAILED


def test_an_arrival_that_the_server_refused_is_none() -> None:
    assert judge(about(), arrival("del-0", MX, accepted=False))[MAIL].ruling is Ruling.FAILED


def test_the_arrival_of_another_message_is_none() -> None:
    assert judge(about(), arrival("del-1", MX))[MAIL].ruling is Ruling.FAILED


def test_a_relay_host_by_address_is_known_by_its_address() -> None:
    made = about({"external-relay-host": {"host": "192.0.2.50", "port": 2525, "mx": False}})

    assert judge(made, arrival("del-0", "", 2525, address="192.0.2.50"))[MAIL].ruling is Ruling.PASSED


def test_mail_that_does_not_arrive_says_why_it_waits() -> None:
    found = judge(about(), queued={"del-0": ("status=deferred (connection refused)",)})[MAIL]

    assert found.came == "it did not arrive: status=deferred (connection refused)"


def test_mail_that_was_refused_at_the_door_says_what_came() -> None:
    found = judge(about(), replies=((f"RCPT TO:<{FOREIGN}>", 554, "554 5.7.1 no"),))[MAIL]

    assert (found.ruling, found.came) == (Ruling.FAILED, f"it did not arrive: RCPT TO:<{FOREIGN}> → 554 5.7.1 no")


@pytest.mark.parametrize("level", ["verify", "secure"])
def test_a_level_that_no_server_of_the_rehearsal_can_meet_is_not_judged(level: str) -> None:
    made = about(rows={"tls-policy": [{"destination": "not-ours.example", "level": level}]})
    found = judge(made, queued={"del-0": ("Server certificate not trusted",)})[MAIL]

    assert (found.ruling, found.blame) == (Ruling.NOT_JUDGED, Place("tls-policy", "not-ours.example"))


def test_a_demand_for_mere_tls_can_be_met_so_mail_that_waits_fails() -> None:
    made = about({"tls-outgoing": "encrypt"})

    assert judge(made, queued={"del-0": ("TLS is required",)})[MAIL].ruling is Ruling.FAILED


@pytest.mark.parametrize(
    ("level", "tls", "ruling"),
    [
        ("may", "", Ruling.FAILED), ("none", "", Ruling.PASSED), ("none", "TLSv1.3", Ruling.FAILED),
        ("encrypt", "TLSv1.2", Ruling.PASSED),
    ],
)  # fmt: skip
def test_tls_is_used_as_the_level_says(level: str, tls: str, ruling: Ruling) -> None:
    assert judge(about({"tls-outgoing": level}), arrival("del-0", MX, tls=tls))[TLS].ruling is ruling


def test_wrong_tls_is_blamed_on_the_policy_of_the_next_hop() -> None:
    made = about(rows={"tls-policy": [{"destination": "not-ours.example", "level": "none"}]})

    assert judge(made, arrival("del-0", MX))[TLS].blame == Place("tls-policy", "not-ours.example")


SASL = {"sasl": [{"host": "smart.example.net", "user": "gate", "password": "s1"}]}
SMART = {"external-relay-host": "smart.example.net"}


@pytest.mark.parametrize(("login", "ruling"), [("gate", Ruling.PASSED), ("", Ruling.FAILED), ("root", Ruling.FAILED)])
def test_the_login_of_the_row_is_shown(login: str, ruling: Ruling) -> None:
    found = judge(about(SMART, SASL), arrival("del-0", "smart.example.net", login=login))
    (name,) = (one for one in found if one.startswith("login"))

    assert (found[name].ruling, found[name].blame.noun) == (ruling, "sasl" if ruling is Ruling.FAILED else "")


def test_a_login_that_no_row_has_fails() -> None:
    assert judge(about(), arrival("del-0", MX, login="gate"))[LOGIN].ruling is Ruling.FAILED


def test_a_next_hop_with_a_login_offers_one() -> None:
    assert PROMISE.plan(about(SMART, SASL)).internet.servers == {"smart.example.net": Server(logins=True)}


def test_other_ports_than_25_are_opened() -> None:
    made = about({"external-relay-host": {"host": "smart.example.net", "port": 587, "mx": False}})

    assert PROMISE.plan(made).internet.ports == (587,)


TWO = {"relay-domain": ["a.example", "b.example"]}
INSIDE = {"internal-relay-host": "mail.inside.example", "match-subdomains": True}


def both(first, second):
    made = about(INSIDE, TWO)
    ids = {one.recipients[0]: one.id for one in PROMISE.plan(made).trials}
    trials = [ids["someone@a.example"], ids["someone@b.example"]]
    came = (arrival(one, "mail.inside.example", **how) for one, how in zip(trials, (first, second), strict=True))
    sent = (replied(one, ("(message)", 250, "250 queued")) for one in trials)
    return judged(PROMISE, made, saw(*sent, arrivals=tuple(came)))


def test_two_domains_with_one_next_hop_have_one_verdict_on_its_tls() -> None:
    assert both({}, {})["TLS to [mail.inside.example]"].ruling is Ruling.PASSED


@pytest.mark.parametrize("come", [({"tls": ""}, {}), ({}, {"tls": ""})])
def test_one_of_two_messages_in_clear_fails_the_next_hop(come) -> None:
    assert both(*come)["TLS to [mail.inside.example]"].ruling is Ruling.FAILED


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_next_hop_on_this_machine_is_not_judged(host: str) -> None:
    made = about({"external-relay-host": {"host": host, "port": 2525, "mx": False}})

    assert judge(made)[MAIL].ruling is Ruling.NOT_JUDGED


def special(text, *replies, arrivals=()):
    made = about(rows={"transport": [{"pattern": "not-ours.example", "special": text}]})
    return judge(made, *arrivals, replies=replies)[MAIL].ruling


RCPT = f"RCPT TO:<{FOREIGN}>"


@pytest.mark.parametrize(
    ("text", "code", "ruling"),
    [
        ("error:closed", 550, Ruling.PASSED), ("error:closed", 450, Ruling.FAILED),
        ("error:closed", 250, Ruling.FAILED),
        ("discard:", 250, Ruling.PASSED), ("hold", 250, Ruling.PASSED),
        ("discard:", 554, Ruling.FAILED), ("hold", 450, Ruling.FAILED),
        ("lmtp:[192.0.2.7]:24", 250, Ruling.NOT_JUDGED),
    ],
)  # fmt: skip
def test_a_special_transport_is_judged_by_what_it_is_for(text: str, code: int, ruling: Ruling) -> None:
    assert special(text, (RCPT, code, f"{code} x")) is ruling


@pytest.mark.parametrize("text", ["discard:", "hold"])
def test_what_should_go_nowhere_and_arrives_fails(text: str) -> None:
    assert special(text, (RCPT, 250, "250 Ok"), arrivals=(arrival("del-0", MX),)) is Ruling.FAILED


def test_a_message_that_was_not_tried_is_not_judged() -> None:
    found = judged(PROMISE, about(), saw())

    assert rulings(found) == {MAIL: Ruling.NOT_JUDGED}


def test_an_own_line_about_tls_excuses_mail_in_clear() -> None:
    made = about(main_cf="smtp_tls_security_level = none\n")

    assert judge(made, arrival("del-0", MX, tls=""))[TLS].ruling is Ruling.NOT_JUDGED


# -- mail that must not go in clear

CLEAR = "mail to without-tls.example, which offers no TLS"
KEPT = NeverInClear()


def kept(made, *arrivals, queue_id="4F", **more):
    sent = replace(replied("clr-0", ("(message)", 250, "250 queued as 4F")), queue_id=queue_id)
    return judged(KEPT, made, saw(sent, arrivals=arrivals, **more))[CLEAR]


STRICT = {"tls-outgoing": "encrypt"}


def test_mail_that_waits_for_tls_passes() -> None:
    assert kept(about(STRICT), queued={"clr-0": ("TLS is required",)}).came == "TLS is required"


def test_mail_that_arrives_in_clear_fails_with_the_level() -> None:
    found = kept(about(STRICT), arrival("clr-0", "mx.without-tls.example", tls=""))

    assert (found.ruling, found.blame) == (Ruling.FAILED, Place("setting", "tls-outgoing"))


def test_mail_that_was_not_taken_proves_nothing() -> None:
    assert kept(about(STRICT), queue_id="").ruling is Ruling.NOT_JUDGED


@pytest.mark.parametrize("level", ["none", "may", "dane"])
def test_where_tls_is_not_demanded_nothing_is_tried(level: str) -> None:
    assert KEPT.plan(about({"tls-outgoing": level})).trials == ()


def test_the_server_of_the_test_offers_no_tls() -> None:
    assert KEPT.plan(about(STRICT)).internet.servers == {"mx.without-tls.example": Server(certificate=Certificate.NONE)}


def test_with_a_relay_host_no_server_without_tls_is_made() -> None:
    assert KEPT.plan(about({**STRICT, **SMART})).internet.servers == {}
