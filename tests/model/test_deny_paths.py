"""Which files and tables a value names, read as generously as Postfix could; and which places are open to own lines."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.context import CheckContext, Permits
from sealgate.model.deny_paths import (
    alias_tables_refused,
    path_allowed,
    refused_paths,
    tables_in,
    without_inline_patterns,
)

CONTEXT = CheckContext(
    dt.date(2030, 1, 1), config_dir="/srv/gw/conf/", permits=Permits(files=("/srv/certificates/", "/etc/mailname"))
)


def refused(value, name="mydestination"):
    return list(refused_paths(name, value, CONTEXT))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/ssl/certs/a.pem", "/etc/aliases", "/dev/urandom", "/srv/gw/conf/main.cf", "/srv/gw/conf/maps.d/x",
        "/srv/certificates/deep/in/a.pem", "/etc/mailname",
    ],
)  # fmt: skip
def test_a_file_in_a_permitted_place_is_allowed(path):
    assert path_allowed(path, CONTEXT)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/etc", "/etc/ssl", "/etc/ssl/../shadow", "/etc/ssl/./a", "/etc/ssl//a", "//etc/ssl/a", "/etc/ssl/..",
        "/etc/sslx/a", "/etc/aliases/", "/etc/aliases.db", "/etc/mailname/x", "/srv/gw/conf", "/srv/gw/config/main.cf",
        "/srv/certificates", "/dev/mem", "/dev/urandom/x", "/ETC/SSL/a",
    ],
)  # fmt: skip
def test_a_file_beside_a_permitted_place_is_not_allowed(path):
    assert not path_allowed(path, CONTEXT)


@given(st.sampled_from(["/etc/ssl/", "/srv/gw/conf/", "/srv/certificates/"]), st.text("a./", max_size=8))
def test_no_way_upwards_leads_out_of_a_permitted_place(place, rest):
    parts = rest.split("/")

    assert not (path_allowed(place + rest, CONTEXT) and ({".", ".."} & set(parts) or "" in parts[:-1]))


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("", []),
        ("example.com", []),
        ("and/or", []),
        ("https://example.com/x", ["//example.com/x"]),
        ("/etc/shadow", ["/etc/shadow"]),
        ("a,/b c:/d {/e} !/f x=/g ?/h (/i |/j ;/k", ["/b", "/d", "/e", "/f", "/g", "/h", "/i", "/j", "/k"]),
        ('"/etc/shadow"', ["/etc/shadow"]),
        ("unix:/run/opendkim.sock", []),
        ("unix:$x/run", []),
        ("unix:/run/../etc/x", ["/.."]),
        ("$data_directory/cache", []),
        ("${data_directory}/cache", []),
        ("$(data_directory)/cache", []),
        ("$data_directory/a/b", ["$data_directory/a/b"]),
        ("${queue_directory}/x", ["${queue_directory}/x"]),
        ("../etc/shadow", ["../"]),
    ],
)
def test_the_files_of_a_value_are_found(value, paths):
    assert refused(value) == paths


@pytest.mark.parametrize("name", ["smtpd_tls_cert_file", "smtpd_tls_CApath", "tls_x_files", "x_path"])
@pytest.mark.parametrize("value", ["certs/a.pem", "a.pem"])
def test_a_parameter_for_files_takes_no_relative_one(name, value):
    assert refused(value, name) == [value]


@pytest.mark.parametrize("name", ["smtpd_sasl_path", "smtp_sasl_path", "lmtp_sasl_path"])
def test_a_socket_of_sasl_may_be_relative(name):
    assert refused("private/auth", name) == []


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("pcre:{{/x/ REJECT}}", " "),
        ("a, regexp:{{/x/ y}}, b", "a,  , b"),
        ("pcre: { /etc/shadow", " "),
        ("pcre:{a} pcre:{b}", "   "),
        ("pcre:/etc/x", "pcre:/etc/x"),
        ("cidr:{{10.0.0.0/8 OK}}", "cidr:{{10.0.0.0/8 OK}}"),
    ],
)
def test_patterns_of_inline_tables_are_taken_out(value, left):
    assert without_inline_patterns(value) == left


def test_a_file_behind_inline_patterns_is_still_found():
    assert refused("pcre:{{/x/ y}}, /etc/shadow") == ["/etc/shadow"]


@pytest.mark.parametrize(
    ("value", "tables"),
    [
        ("hash:/etc/x", [("hash", "/etc/x")]),
        ("proxy:hash:/etc/x", [("proxy", "hash:/etc/x"), ("hash", "/etc/x")]),
        ("unionmap:{hash:/a, cdb:/b}", [("unionmap", ""), ("hash", "/a"), ("cdb", "/b")]),
        ("pcre:{{/x/ y}}", [("pcre", "{")]),
        ("nis:x", [("nis", "x")]),
        ("smtp:[192.0.2.1]:25", []),
        ("inet:127.0.0.1:10025", []),
        ("HASH:/x", []),
        ("check_client_access hash:x", [("hash", "x")]),
    ],
)
def test_the_tables_of_a_value_are_found_also_within_others(value, tables):
    assert list(tables_in(value)) == tables


@pytest.mark.parametrize(
    ("value", "refused_tables"),
    [
        ("hash:/etc/aliases", []),
        ("hash:/etc/mailname", []),
        ("hash:/srv/gw/conf/aliases", ["hash:/srv/gw/conf/aliases"]),
        ("hash:/etc/aliases, ldap:/tmp/x", ["ldap:/tmp/x"]),
        ("inline:{root=x}", []),
        ("pcre:{{/x/ |y}}", ["pcre:{"]),
    ],
)
def test_an_alias_table_that_root_has_not_listed_is_refused(value, refused_tables):
    assert list(alias_tables_refused(value, CONTEXT)) == refused_tables


@given(st.text("/{}$(),:=pcre hash.a|", max_size=40))
def test_any_value_is_judged(value):
    assert all(isinstance(path, str) for path in refused(value))
