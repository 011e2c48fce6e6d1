"""Size limits: where a message is refused, and by which limit."""

from __future__ import annotations

import pytest
from tests.support.rendered_gateway import rendered_gateway
from tests.support.smtp_client import SmtpClient
from tests.support.states import state

pytestmark = pytest.mark.flow

HEAD = b"From: someone@out.example\r\nTo: user@relay.example\r\n"
RELAY = {"relay-domain": ["relay.example"]}
LIMITS = {"before-filter-size-limit": 100_000, "after-filter-size-limit": 300_000}


def of_size(octets: int) -> bytes:
    line = b"x" * 78 + b"\r\n"
    return HEAD + b"\r\n" + line * (octets // 80)


def test_a_message_announced_as_larger_than_the_before_filter_limit_is_refused_at_mail():
    with rendered_gateway(state(LIMITS, RELAY), start_mpa=False) as gateway, gateway.client() as client:
        assert client.mail("a@out.example", "SIZE=200000").code == 552


def test_a_message_larger_than_the_before_filter_limit_is_refused_after_data():
    with rendered_gateway(state(LIMITS, RELAY), start_mpa=False) as gateway:
        assert gateway.send(of_size(142_000), "user@relay.example").code == 552


def test_the_public_listener_has_the_before_filter_limit_and_the_inner_one_the_after_filter_limit():
    with rendered_gateway(state(LIMITS), start_mpa=False) as gateway:
        node = gateway.release.node
        found = []
        for end in (*node.smtp_listeners, node.reinject):
            with SmtpClient((end.host, end.port)) as client:
                found += [word for word in client.ehlo() if word.startswith("SIZE")]

        assert found == ["SIZE 100000", "SIZE 300000"]


def test_a_message_that_grew_in_the_mpa_comes_back_up_to_the_after_filter_limit():
    with rendered_gateway(state(LIMITS, RELAY), start_mpa=False) as gateway:
        end = gateway.release.node.reinject
        with SmtpClient((end.host, end.port)) as client:
            client.ehlo()
            assert client.deliver("a@out.example", ["user@relay.example"], of_size(237_000)).code == 250
            assert client.deliver("a@out.example", ["user@relay.example"], of_size(400_000)).code == 552
