"""Verified recipients: the known one is taken, the unknown one is refused with the code of the setting."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import PUBLIC, answered, judged, replied, saw, subject

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.verification import Verification

PROMISE = Verification()
ROWS = {"relay-domain": ["example.com"]}
ON = {"my-hostname": "gw.example.com", "reject-unverified-recipient": True}
KNOWN, UNKNOWN = "a known recipient of example.com", "an unknown recipient of example.com"


def about(settings=None, rows=None, **more):
    return subject({**ON, **(settings or {})}, {**ROWS, **(rows or {})}, **more)


def rulings(made, known, unknown):
    codes = dict(zip((one.id for one in PROMISE.plan(made).trials), (known, unknown), strict=True))
    sessions = (
        replied(one.id, (f"RCPT TO:<{one.recipients[0]}>", codes[one.id], f"{codes[one.id]} x"))
        for one in PROMISE.plan(made).trials
    )
    return judged(PROMISE, made, saw(*sessions))


def test_as_the_setting_says_both_pass() -> None:
    made = about({"unverified-recipient-reject-code": 550})

    assert {one.ruling for one in rulings(made, 250, 550).values()} == {Ruling.PASSED}


@pytest.mark.parametrize(("setting", "came"), [(550, 450), (450, 550), (550, 250)])
def test_an_unknown_recipient_with_another_code_fails(setting: int, came: int) -> None:
    found = rulings(about({"unverified-recipient-reject-code": setting}), 250, came)

    assert found[KNOWN].ruling is Ruling.PASSED
    assert (found[UNKNOWN].ruling, found[UNKNOWN].blame) == (
        Ruling.FAILED, Place("setting", "unverified-recipient-reject-code"),
    )  # fmt: skip


@pytest.mark.parametrize("came", [450, 550])
def test_a_known_recipient_that_is_refused_fails(came: int) -> None:
    found = rulings(about({"unverified-recipient-reject-code": 550}), came, 550)

    assert (found[KNOWN].ruling, found[KNOWN].blame) == (Ruling.FAILED, Place("setting", "reject-unverified-recipient"))


def test_where_nobody_answered_nothing_is_judged() -> None:
    made = about()
    seen = saw(*(replied(one.id, ("(connect)", 0, "no reply")) for one in PROMISE.plan(made).trials))

    assert {one.ruling for one in judged(PROMISE, made, seen).values()} == {Ruling.NOT_JUDGED}


def test_switched_off_nothing_is_tried() -> None:
    assert PROMISE.plan(about({"reject-unverified-recipient": False})).trials == ()


def test_the_next_hop_knows_all_but_one() -> None:
    made = about({"internal-relay-host": "mail.inside.example"})
    servers = PROMISE.plan(made).internet.servers

    assert {name: list(server.replies) for name, server in servers.items()} == {
        "mail.inside.example": ["nobody-of-that-name@example.com"]
    }


def test_without_a_relay_host_the_mx_of_the_domain_is_the_one_that_knows() -> None:
    assert list(PROMISE.plan(about()).internet.servers) == ["mx.example.com"]


def test_a_next_hop_on_this_machine_cannot_be_tried() -> None:
    made = about({"internal-relay-host": {"host": "127.0.0.1", "port": 2525, "mx": False}})

    assert PROMISE.plan(made).trials == ()


def test_a_domain_that_is_not_delivered_by_smtp_cannot_be_tried() -> None:
    assert PROMISE.plan(about(None, {"transport": [{"pattern": "example.com", "special": "discard:"}]})).trials == ()


def test_strangers_ask_since_trusted_clients_need_not_be_verified() -> None:
    made = about(None, {"network": ["203.113.0.0/16"]})

    assert not [one for one in PROMISE.plan(made).trials if one.client.address.startswith("203.113.")]


def test_where_everybody_is_trusted_nobody_is_verified() -> None:
    everybody = [{"network": "0.0.0.0/0", "confirm": "0.0.0.0/0"}]

    assert PROMISE.plan(about(None, {"network": everybody}, listeners=PUBLIC[:1])).trials == ()


def test_an_own_line_about_verification_excuses_another_code() -> None:
    made = about(main_cf="address_verify_map = \n")
    found = judged(PROMISE, made, answered(PROMISE, made, 554)).values()

    assert Ruling.FAILED not in {one.ruling for one in found}
