from __future__ import annotations

import datetime as dt
import ipaddress
import json

import pytest
from tests.support.release import facts

from sealgate.model.errors import InvalidValue
from sealgate.render import Endpoint, NodeFacts


def test_facts_are_the_same_after_a_way_through_json():
    node = facts(
        addresses=(ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1")),
        smtp_listeners=(Endpoint("", 2525), Endpoint("::1", 25)),
        reinject=Endpoint("::1", 10026),
    )

    assert NodeFacts.from_json(json.loads(json.dumps(node.to_json()))) == node


def test_the_digest_does_not_depend_on_the_release_directory():
    assert facts().digest() == facts().for_release("/elsewhere/releases/1").digest()


@pytest.mark.parametrize(
    "change",
    [
        {"today": dt.date(2026, 7, 2)},
        {"map_types": frozenset({"lmdb"})},
        {"mpa": Endpoint("127.0.0.1", 1)},
        {"spool_dir": "/elsewhere"},
        {"syslog_name": "other"},
        {"reinject_processes": 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_depends_on_every_other_fact(change):
    assert facts(**change).digest() != facts().digest()


@pytest.mark.parametrize(
    "path",
    [
        "relative/path",
        "",
        "/with blank",
        "/with,comma",
        "/with$dollar",
        "/a/../b",
        "/ends/",
        "/{x}",
        "/a\nb",
        "/a:b",
        "/#",
    ],
)
def test_a_path_that_main_cf_cannot_carry_is_refused_by_name(path):
    with pytest.raises(InvalidValue) as refusal:
        facts(spool_dir=path)

    assert refusal.value.problems[0].field == "spool_dir"


@pytest.mark.parametrize("field", ["mpa", "reinject"])
@pytest.mark.parametrize("host", ["", "192.0.2.1", "::"])
def test_the_inner_ports_are_on_loopback_or_refused(field, host):
    with pytest.raises(InvalidValue):
        facts(**{field: Endpoint(host, 10025)})


def test_a_syslog_name_is_one_word():
    with pytest.raises(InvalidValue):
        facts(syslog_name="two words")


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (Endpoint("", 25), "25"),
        (Endpoint("192.0.2.1", 25), "192.0.2.1:25"),
        (Endpoint("2001:db8::1", 25), "[2001:db8::1]:25"),
    ],
)
def test_an_endpoint_is_written_as_master_cf_has_it(end, text):
    assert str(end) == text


def test_an_endpoint_is_no_name():
    with pytest.raises(ValueError, match="localhost"):
        Endpoint("localhost", 25)


def test_the_gateway_s_own_port_is_that_of_its_first_listener():
    assert facts(smtp_listeners=(Endpoint("", 2526), Endpoint("::1", 25))).smtp_port == 2526
