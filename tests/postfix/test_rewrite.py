"""Routes, as the real trivial-rewrite decides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import NodeFailed
from sealgate.postfix.rewrite import Rewrite

if TYPE_CHECKING:
    from tests.support.gateway import Gateway


@pytest.fixture
def routed(gateway: Gateway) -> Gateway:
    gateway.write(
        relay_domains="relay.test, .dots.test",
        relay_transport="relay:[internal.test]:2525",
        default_transport="smtp:[external.test]:2526",
        transport_maps="inline:{{special.test=smtp:[special.test]:2527}, {x@relay.test=smtp:[x.test]}}",
    )
    assert gateway.instance.start().good
    return gateway


@pytest.mark.parametrize(
    ("address", "transport", "nexthop", "address_class"),
    [
        ("a@relay.test", "relay", "[internal.test]:2525", "relay"),
        ("a@sub.dots.test", "relay", "[internal.test]:2525", "relay"),
        ("a@sub.relay.test", "smtp", "[external.test]:2526", "default"),
        ("a@special.test", "smtp", "[special.test]:2527", "default"),
        ("x@relay.test", "smtp", "[x.test]", "relay"),
        ("a@elsewhere.test", "smtp", "[external.test]:2526", "default"),
    ],
)
def test_the_route_of_an_address(
    address: str, transport: str, nexthop: str, address_class: str, routed: Gateway
) -> None:
    with Rewrite(routed.queue) as rewrite:
        route = rewrite.resolve(address)

    assert (route.transport, route.nexthop, route.address_class) == (transport, nexthop, address_class)
    assert not route.failed


def test_a_short_address_is_completed(routed: Gateway) -> None:
    with Rewrite(routed.queue) as rewrite:
        assert rewrite.rewrite("bob") == "bob@gw.example.test"


def test_a_reload_between_two_questions_is_not_noticed(routed: Gateway) -> None:
    with Rewrite(routed.queue) as rewrite:
        before = rewrite.resolve("a@relay.test")
        assert routed.instance.reload().good

        assert rewrite.resolve("a@relay.test") == before


def test_a_broken_table_is_a_failed_route(gateway: Gateway) -> None:
    gateway.write(transport_maps="lmdb:/nope")
    gateway.instance.start()

    with Rewrite(gateway.queue) as rewrite:
        assert rewrite.resolve("a@relay.test").failed


def test_without_postfix_the_question_fails_with_a_sentence(gateway: Gateway) -> None:
    gateway.instance.prepare()

    with Rewrite(gateway.queue) as rewrite, pytest.raises(NodeFailed, match="does not answer"):
        rewrite.resolve("a@relay.test")


def test_the_route_of_a_verification_probe_can_differ(gateway: Gateway) -> None:
    gateway.write(address_verify_relay_transport="smtp:[probe.test]")
    gateway.instance.start()

    with Rewrite(gateway.queue) as rewrite:
        assert rewrite.resolve("a@relay.test", verify=True).nexthop == "[probe.test]"
