from __future__ import annotations

import pytest
from tests.support.release import facts
from tests.support.states import state

from sealgate.render import Endpoint, render


def listeners(on=(), **changes) -> list[str]:
    tree = render(state({"listen-on": list(on)}), facts(**changes))
    lines = [line.split() for line in tree.text("master.cf").shown.splitlines()]
    return [words[0] for words in lines if words[1:2] == ["inet"]][:-1]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ([], ["2525"]),
        (["*:25"], ["smtp"]),
        (["192.0.2.1"], ["192.0.2.1:2525"]),
        (["[2001:db8::1]:25"], ["[2001:db8::1]:25"]),
        (["*:25", "192.0.2.1:25", "192.0.2.1:26"], ["smtp", "192.0.2.1:26"]),
        (["192.0.2.1:25", "*:25"], ["smtp"]),
    ],
)
def test_listeners_are_those_asked_for_and_no_port_is_taken_twice(on, expected):
    assert listeners(on) == expected


def test_the_machine_s_listeners_hold_until_others_are_asked_for():
    assert listeners(smtp_listeners=(Endpoint("127.0.0.1", 2600), Endpoint("::1", 2600))) == [
        "127.0.0.1:2600",
        "[::1]:2600",
    ]


@pytest.mark.parametrize("on", ["*:10026", "127.0.0.1:10025"])
def test_a_listener_on_a_port_of_the_mpa_is_an_error_and_left_out(on):
    tree = render(state({"listen-on": [on]}), facts())

    assert [finding.code for finding in tree.findings] == ["listener-takes-inner-port"]
    assert listeners([on]) == []


def test_an_address_of_its_own_may_have_the_port_of_the_mpa():
    assert listeners(["192.0.2.1:10026"]) == ["192.0.2.1:10026"]


def test_no_service_is_chrooted():
    text = render(state(), facts()).text("master.cf").shown
    first = [line.split() for line in text.splitlines() if line[:1].strip() and not line.startswith("#")]

    assert {words[4] for words in first} == {"n"}


def test_every_public_listener_has_the_before_filter_limit():
    desired = state({"before-filter-size-limit": 4096, "listen-on": ["*:25", "[2001:db8::1]:26"]})

    assert render(desired, facts()).text("master.cf").shown.count("    -o message_size_limit=4096\n") == 2


def test_an_inner_listener_on_ipv6_trusts_ipv6_loopback_only():
    text = render(state(), facts(reinject=Endpoint("::1", 10026))).text("master.cf").shown

    assert "[::1]:10026 inet" in text
    assert "    -o mynetworks=[::1]/128\n" in text
    assert "    -o mynetworks=127" not in text
