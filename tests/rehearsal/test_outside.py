"""What a configuration names that is no part of it: milters, policy services, login servers, tables, filters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.outside import read

from sealgate.rehearsal.outside import Kind, Where, outsiders
from sealgate.rehearsal.running import outside_of

if TYPE_CHECKING:
    from pathlib import Path


def found(main: dict[str, str], *services: str, **overrides: dict[str, str]) -> list[tuple[Kind, str]]:
    return [(one.kind, str(one.where)) for one in outsiders(read(main, *services, **overrides))]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("inet:127.0.0.1:8891", ["inet:127.0.0.1:8891"]),
        ("inet:[::1]:8891", ["inet:::1:8891"]),
        ("unix:/run/opendkim/opendkim.sock", ["unix:/run/opendkim/opendkim.sock"]),
        ("local:private/milter", ["unix:private/milter"]),
        ("unix:a, inet:localhost:1 inet:localhost:2", ["unix:a", "inet:localhost:1", "inet:localhost:2"]),
        ("{ inet:127.0.0.1:9, connect_timeout=3s, default_action=accept }", ["inet:127.0.0.1:9"]),
        ("", []),
    ],
)
def test_a_milter_is_found_however_it_is_written(value: str, where: list[str]) -> None:
    assert found({"smtpd_milters": value}) == [(Kind.MILTER, one) for one in where]


def test_milters_for_mail_of_the_machine_itself_count_too() -> None:
    assert found({"non_smtpd_milters": "unix:m"}) == [(Kind.MILTER, "unix:m")]


def test_what_a_service_names_with_an_option_is_found_with_its_service() -> None:
    (one,) = outsiders(read({}, smtp={"smtpd_milters": "inet:127.0.0.1:9"}))

    assert (one.service, one.parameter) == ("smtp/inet", "smtpd_milters")


def test_one_service_that_is_named_twice_is_one() -> None:
    main = {"smtpd_milters": "unix:m", "non_smtpd_milters": "unix:m"}

    assert len(found(main)) == 1


@pytest.mark.parametrize(
    "value",
    [
        "permit_mynetworks, check_policy_service inet:127.0.0.1:10031, reject",
        "check_policy_service,inet:127.0.0.1:10031",
        "check_policy_service { inet:127.0.0.1:10031, timeout=10s, default_action=DUNNO }",
    ],
)
def test_a_policy_service_is_found_in_any_restriction(value: str) -> None:
    assert found({"an_own_class": value}) == [(Kind.POLICY, "inet:127.0.0.1:10031")]


def test_a_policy_service_that_master_cf_serves_is_not_outside() -> None:
    services = ("smtp inet n - n - - smtpd", "policy unix - n n - 0 spawn user=nobody argv=/usr/bin/policy")

    assert found({"smtpd_sender_restrictions": "check_policy_service unix:private/policy"}, *services) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_master_cf_serves_is_not_outside(host: str) -> None:
    services = ("smtp inet n - n - - smtpd", "127.0.0.1:10031 inet n n n - 0 spawn user=nobody argv=/usr/bin/policy")

    assert found({"smtpd_sender_restrictions": f"check_policy_service inet:{host}:10031"}, *services) == []


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("private/auth", "unix:private/auth"),
        ("/run/dovecot/auth", "unix:/run/dovecot/auth"),
        ("inet:127.0.0.1:12345", "inet:127.0.0.1:12345"),
        ("unix:private/auth", "unix:private/auth"),
    ],
)
def test_a_login_server_is_found_where_clients_may_log_in(path: str, where: str) -> None:
    main = {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": path}

    assert found(main) == [(Kind.LOGIN, where)]


@pytest.mark.parametrize("change", [{"smtpd_sasl_auth_enable": "no"}, {"smtpd_sasl_type": "cyrus"}])
def test_without_logins_or_with_cyrus_there_is_no_login_server(change: dict[str, str]) -> None:
    main = {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"}

    assert found(main | change) == []


def test_logins_that_one_service_switches_on_count() -> None:
    main = {"smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"}

    assert found(main, smtp={"smtpd_sasl_auth_enable": "yes"}) == [(Kind.LOGIN, "unix:private/auth")]


@pytest.mark.parametrize(
    ("table", "kind", "where"),
    [
        ("socketmap:inet:127.0.0.1:7000:users", Kind.SOCKETMAP, "inet:127.0.0.1:7000"),
        ("socketmap:unix:/run/map.sock:users", Kind.SOCKETMAP, "unix:/run/map.sock"),
        ("proxy:socketmap:unix:m:users", Kind.SOCKETMAP, "unix:m"),
        ("tcp:localhost:7777", Kind.TCP, "inet:localhost:7777"),
        ("ldap:/etc/postfix/ldap.cf", Kind.PROGRAM, "inet::"),
        ("proxy:pgsql:/etc/postfix/pg.cf", Kind.PROGRAM, "inet::"),
        ("memcache:/etc/postfix/mc.cf", Kind.PROGRAM, "inet::"),
    ],
)
def test_a_table_that_somebody_else_answers_is_found(table: str, kind: Kind, where: str) -> None:
    assert found({"transport_maps": f"lmdb:/a, {table}"}) == [(kind, where)]


def test_two_database_tables_are_two() -> None:
    assert len(found({"transport_maps": "ldap:/a, ldap:/b"})) == 2


@pytest.mark.parametrize("table", ["lmdb:/etc/tcp", "inline:{a=b}", "static:ldap", "cidr:/etc/socketmap:x"])
def test_tables_of_our_own_are_not_outside(table: str) -> None:
    assert found({"transport_maps": table}) == []


@pytest.mark.parametrize("value", ["127.0.0.1:10030", "inet:127.0.0.1:10030", "[127.0.0.1]:10030"])
def test_a_proxy_filter_is_found(value: str) -> None:
    assert found({"smtpd_proxy_filter": value}) == [(Kind.PROXY, "inet:127.0.0.1:10030")]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("scan:[127.0.0.1]:10024", "inet:127.0.0.1:10024"),
        ("scan:127.0.0.1:10024", "inet:127.0.0.1:10024"),
        ("lscan:inet:127.0.0.1:10024", "inet:127.0.0.1:10024"),
        ("lscan:unix:/run/scan.sock", "unix:/run/scan.sock"),
        ("scan:[127.0.0.1]", "inet:127.0.0.1:25"),
    ],
)
def test_a_content_filter_on_this_machine_is_found(value: str, where: str) -> None:
    services = ("smtp inet n - n - - smtpd", "scan unix - - n - - smtp", "lscan unix - - n - - lmtp")

    assert found({"content_filter": value}, *services) == [(Kind.FILTER, where)]


def test_a_content_filter_elsewhere_is_a_next_hop_like_others() -> None:
    services = ("smtp inet n - n - - smtpd", "scan unix - - n - - smtp")

    assert found({"content_filter": "scan:[192.0.2.9]:25"}, *services) == []


def test_the_own_mail_filter_is_not_outside() -> None:
    services = ("smtp inet n - n - - smtpd", "mpa unix - - n - - lmtp")
    main = {"content_filter": "mpa:inet:127.0.0.1:10025"}

    assert outsiders(read(main, *services), ["127.0.0.1:10025"]) == ()


def test_a_configuration_that_names_nothing_has_nothing_outside() -> None:
    assert found({"myhostname": "gw.example.com", "smtpd_relay_restrictions": "reject_unauth_destination"}) == []


@given(
    st.dictionaries(
        st.sampled_from(
            ["smtpd_milters", "smtpd_recipient_restrictions", "transport_maps", "smtpd_proxy_filter", "content_filter"]
        ),
        st.text(alphabet="inetux:/[]{}., @0123456789check_policy_servicetcpsocketmap", max_size=60),
    )
)
def test_any_value_can_be_read(main: dict[str, str]) -> None:
    for one in outsiders(read(main)):
        assert str(one).startswith(one.kind.value)
        assert one.where == Where() or one.where.path or one.where.host


@pytest.mark.parametrize("listen", ["127.0.0.1:10025", "[::1]:10025"])
def test_the_mail_filter_of_a_release_is_known_from_its_policy(listen: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(json.dumps({"listen": listen}))
    services = ("smtp inet n - n - - smtpd", "mpa unix - - n - - lmtp")

    assert outside_of(tmp_path, read({"content_filter": f"mpa:inet:{listen}"}, *services)) == ()
