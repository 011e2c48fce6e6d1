"""Mail for accounts of the machine: forwarded, or unknown."""

from __future__ import annotations

import pytest
from tests.support.rendered_gateway import STRANGER, rendered_gateway
from tests.support.sink import Sink
from tests.support.states import state
from tests.support.waiting import wait_until

pytestmark = pytest.mark.flow

HEAD = b"From: someone@out.example\r\nTo: user@relay.example\r\n"
MESSAGE = HEAD + b"Subject: hello\r\n\r\nhello\r\n"


def hop(sink: Sink) -> dict[str, object]:
    return {"host": sink.address[0], "port": sink.port, "mx": False}


ADMIN = {"forwarding": [{"account": "root", "addresses": ["admin@dest.example", "second@dest.example"]}]}


@pytest.mark.parametrize("account", ["root", "postmaster", "Root", "mailer-daemon"])
def test_mail_for_an_account_goes_where_it_is_forwarded(account):
    with Sink() as sink, rendered_gateway(state({"external-relay-host": hop(sink)}, ADMIN)) as gateway:
        assert gateway.send(MESSAGE, f"{account}@gw.example.test").ok

        wait_until(lambda: sum(len(m.recipients) for m in sink.messages) == 2, "both copies")
        assert {r for m in sink.messages for r in m.recipients} == {"admin@dest.example", "second@dest.example"}


def test_postmaster_without_a_domain_is_accepted():
    with rendered_gateway(state({}, ADMIN), start_mpa=False) as gateway:
        assert str(gateway.rcpt(STRANGER, "postmaster")) == "250 2.1.5 Ok"


def test_a_row_for_postmaster_beats_the_one_for_root():
    rows = {"forwarding": [*ADMIN["forwarding"], {"account": "postmaster", "addresses": ["pm@dest.example"]}]}
    with Sink() as sink, rendered_gateway(state({"external-relay-host": hop(sink)}, rows)) as gateway:
        assert gateway.send(MESSAGE, "postmaster@gw.example.test").ok

        assert sink.wait_for(1)[0].recipients == ["pm@dest.example"]


@pytest.mark.parametrize("account", ["daemon", "postmaster", "root"])
def test_with_a_default_every_account_of_the_machine_is_forwarded(account):
    settings = {"default-forwarding": ["it@dest.example"]}
    with Sink() as sink, rendered_gateway(state({**settings, "external-relay-host": hop(sink)})) as gateway:
        assert gateway.send(MESSAGE, f"{account}@gw.example.test").ok

        assert sink.wait_for(1)[0].recipients == ["it@dest.example"]


def test_a_default_makes_no_accounts():
    with rendered_gateway(state({"default-forwarding": ["it@dest.example"]}), start_mpa=False) as gateway:
        assert gateway.rcpt(STRANGER, "nosuchaccount@gw.example.test").code == 550


def test_mail_that_a_program_of_the_machine_sends_to_root_is_forwarded():
    with Sink() as sink, rendered_gateway(state({"external-relay-host": hop(sink)}, ADMIN)) as gateway:
        gateway.postfix.run("sendmail", "-i", "root", stdin=b"Subject: cron\n\nran\n")

        wait_until(lambda: sum(len(m.recipients) for m in sink.messages) == 2, "both copies")
