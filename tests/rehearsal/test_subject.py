"""A subject answers of rows, listeners, values and blame, without a Postfix."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rehearsal.subjects import PUBLIC, REINJECT, subject

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.rehearsal.rehearsing import with_tls
from sealgate.rehearsal.subject import MOST_ROWS
from sealgate.rehearsal.trials import Client, Plan, Trial

DOMAINS = {"relay-domain": [f"d{number}.example" for number in range(100)]}
FAILED = Verdict("p", "t", Ruling.FAILED, came="554 no")


@pytest.mark.parametrize("grade", [Grade.PROBE, Grade.FULL])
def test_a_bounded_spread_of_a_long_list_is_tried(grade: Grade) -> None:
    found = subject(None, DOMAINS, grade=grade).relay_domains

    assert len(set(found)) == len(found) == MOST_ROWS[grade]


def test_a_changed_row_that_is_gone_or_off_is_not_tried() -> None:
    rows = {"relay-domain": [{"domain": "off.example", "_enabled": False}, "on.example"]}
    made = replace(subject(None, rows), changed={"relay-domain": frozenset({"off.example", "gone.example"})})

    assert made.relay_domains == ("on.example",)


def test_a_list_too_long_to_read_is_none_and_a_short_one_is_whole() -> None:
    rows = {"relay-domain": [f"d{number}.example" for number in range(5001)]}

    assert subject(None, rows).all_rows("relay-domain") is None
    assert len(subject(None, DOMAINS).all_rows("relay-domain") or ()) == 100


@pytest.mark.parametrize(("host", "public"), [("127.0.0.2", False), ("::1", False), ("192.0.2.1", True)])
def test_a_listener_on_loopback_is_not_public(host: str, public: bool) -> None:
    one = replace(REINJECT, host=host, port=2599, service=f"{host}:2599/inet")

    assert (one in subject(listeners=(one,)).public) is public


def test_wishes_of_pages_are_tried_on_no_own_or_proxied_or_other_listener() -> None:
    own, screen = replace(PUBLIC[0], service="2526/inet", port=2526), replace(PUBLIC[1], program="postscreen")
    proxied = replace(PUBLIC[0], service="2527/inet", port=2527)
    made = subject(
        master_cf="2526 inet n - n - - smtpd\n", listeners=(own, proxied, screen, REINJECT),
        overrides={"2527/inet": {"smtpd_upstream_proxy_protocol": "haproxy"}},
    )  # fmt: skip

    assert made.pages == ()


def test_an_own_listener_is_known_by_the_name_of_its_port() -> None:
    assert subject(master_cf="25 inet n - n - - smtpd\n", listeners=PUBLIC).pages == ()


def test_a_listener_for_all_addresses_is_reached_at_one_of_its_family() -> None:
    assert [subject().outside(one) for one in (*PUBLIC, REINJECT)] == ["192.0.2.1", "2001:db8::1", "127.0.0.1"]


def test_an_option_of_a_service_goes_before_main_cf() -> None:
    made = subject(read={"a": "1", "b": "2"}, overrides={"x/inet": {"a": "3"}})

    assert [made.value("x/inet", one) for one in "abc"] == ["3", "2", ""]


def test_an_own_line_is_blamed_with_its_line() -> None:
    made = subject(main_cf="# note\nmynetworks = 10.0.0.0/8\n")

    assert made.blame("mynetworks") == Place("own-lines", "main-cf", "mynetworks", 2, "main.cf")


def test_a_parameter_that_nobody_set_is_blamed_by_its_name() -> None:
    assert subject().blame("smtpd_forbid_bare_newline_x") == Place(field="smtpd_forbid_bare_newline_x", file="main.cf")


def test_an_own_line_excuses_a_failure_and_is_blamed() -> None:
    found = subject(main_cf="relayhost = [x.example]\n").ruled(FAILED, unless=("relay.*",))

    assert (found.ruling, found.blame.field) == (Ruling.NOT_JUDGED, "relayhost")
    assert "554 no" in found.came


@pytest.mark.parametrize("unless", [(), ("relay",), ("mynetworks",)])
def test_a_pattern_that_names_the_line_in_part_or_not_at_all_excuses_nothing(unless) -> None:
    assert subject(main_cf="relayhost = [x.example]\n").ruled(FAILED, unless=unless) is FAILED


def test_what_passed_stays_passed() -> None:
    passed = replace(FAILED, ruling=Ruling.PASSED)

    assert subject(main_cf="relayhost = [x.example]\n").ruled(passed, unless=(".*",)) is passed


# -- clients that must use TLS


def tls(port, **options):
    plan = Plan((Trial("t", "h", port, Client("192.0.2.9"), "", ()),), routes=("r",), verbose=True)
    return with_tls(subject(overrides={"smtp/inet": options}), plan)


@pytest.mark.parametrize(
    ("options", "uses"),
    [
        ({"smtpd_tls_security_level": "may"}, False), ({"smtpd_enforce_tls": "yes"}, True),
        ({"smtpd_enforce_tls": "no"}, False), ({}, False),
    ],
)  # fmt: skip
def test_tls_is_used_only_where_it_is_demanded(options, uses: bool) -> None:
    assert tls(25, **options).trials[0].client.tls is uses


def test_another_listener_than_the_demanding_one_is_asked_in_clear() -> None:
    assert not tls(10026, smtpd_tls_security_level="encrypt").trials[0].client.tls


def test_the_rest_of_the_plan_stays() -> None:
    assert (tls(25).routes, tls(25).verbose) == (("r",), True)
