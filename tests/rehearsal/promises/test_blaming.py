"""Which setting is blamed for a stranger who was let in: what it did, then what Postfix made of the recipient."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rehearsal.subjects import PUBLIC, replied, saw, subject

from sealgate.rehearsal.access_keys import Claim
from sealgate.rehearsal.promises.blaming import Entry, opening
from sealgate.rehearsal.promises.promise import FOREIGN
from sealgate.rehearsal.trials import Client, Reply, Route, Trial

LISTENER = PUBLIC[0]
TRIAL = Trial("s", "192.0.2.1", 25, Client("203.0.113.9"), "a@b.example", (FOREIGN,))
RCPT = Reply(f"RCPT TO:<{FOREIGN}>", 250, "250 Ok")


def blamed(made, seen=None, taken=RCPT, trial=TRIAL, claim=None):
    return opening(made, seen or saw(), Entry(LISTENER, trial, taken, claim)).field


def routed(*flags):
    return saw(routes={FOREIGN: Route(FOREIGN, "smtp", "x", flags)})


def client(**more):
    return replace(TRIAL, client=Client("203.0.113.9", **more))


def test_with_nothing_to_go_by_the_list_about_relaying_is_named() -> None:
    assert blamed(subject()) == "smtpd_relay_restrictions"


@pytest.mark.parametrize(
    ("said", "parameter"),
    [
        ("XCLIENT ADDR=127.0.0.1", "smtpd_authorized_xclient_hosts"),
        ("XFORWARD ADDR=127.0.0.1", "smtpd_authorized_xforward_hosts"),
    ],
)  # fmt: skip
def test_a_claim_that_was_taken_is_the_cause(said: str, parameter: str) -> None:
    assert blamed(subject(), taken=Reply(said, 220, "220 gw")) == parameter


def test_a_recipient_behind_a_believed_claim_is_blamed_on_the_claim() -> None:
    trial = client(extra=("XCLIENT ADDR=127.0.0.1", "EHLO x"))

    assert blamed(subject(), saw(replied("s", ("XCLIENT ADDR=127.0.0.1", 220, "220 gw"))), trial=trial) == (
        "smtpd_authorized_xclient_hosts"
    )


def test_a_recipient_behind_a_refused_claim_is_not() -> None:
    trial = client(extra=("XCLIENT ADDR=127.0.0.1", "EHLO x"))

    assert blamed(subject(), saw(replied("s", ("XCLIENT ADDR=127.0.0.1", 550, "550 no"))), trial=trial) == (
        "smtpd_relay_restrictions"
    )


def test_a_proxy_header_is_no_cause_where_none_is_believed() -> None:
    assert blamed(subject(), trial=client(opening="PROXY x\r\n")) == "smtpd_relay_restrictions"


def test_a_row_of_an_access_table_is_blamed_on_the_list_that_asks_it() -> None:
    claim = Claim("sender", "x", "OK", "hash:/x", "smtpd_sender_restrictions")

    assert blamed(subject(), claim=claim) == "smtpd_sender_restrictions"


@pytest.mark.parametrize(
    ("flag", "parameter"),
    [
        ("local", "mydestination"), ("alias", "virtual_alias_domains"), ("virtual", "virtual_mailbox_domains"),
        ("relay", "relay_domains"),
    ],
)  # fmt: skip
def test_the_class_of_the_recipient_tells_the_parameter(flag: str, parameter: str) -> None:
    assert blamed(subject(), routed(flag)) == parameter


def test_of_the_parameters_of_a_class_that_of_own_lines_is_named() -> None:
    assert blamed(subject(main_cf="inet_interfaces = all\n"), routed("local")) == "inet_interfaces"


def test_mail_for_the_default_class_is_no_domain_of_ours() -> None:
    assert blamed(subject(), routed("local", "default")) == "smtpd_relay_restrictions"


def test_a_routed_address_that_was_let_is_blamed_on_untrusted_routing() -> None:
    assert blamed(subject(), routed("routed")) == "allow_untrusted_routing"


@pytest.mark.parametrize("networks", ["203.0.113.0/24", "10.0.0.0/8, 128.0.0.0/1"])
def test_a_stranger_that_mynetworks_has_is_blamed_on_it(networks: str) -> None:
    assert blamed(subject(read={"mynetworks": networks})) == "mynetworks"


def test_networks_of_the_other_family_have_nobody() -> None:
    assert blamed(subject(read={"mynetworks": "[::]/0"})) == "smtpd_relay_restrictions"


def test_an_option_of_the_service_goes_before_own_lines_of_main_cf() -> None:
    made = subject(
        main_cf="smtpd_relay_restrictions = permit\n",
        overrides={LISTENER.service: {"smtpd_recipient_restrictions": "permit"}},
    )

    assert blamed(made) == "smtpd_recipient_restrictions"
