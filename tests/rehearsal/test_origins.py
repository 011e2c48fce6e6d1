"""From what Postfix used to the line or row that a person wrote: on real tables, with the real postmap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.release import released
from tests.support.states import state

from sealgate.postfix.command import Programs
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.parameters import read_back
from sealgate.postfix.tables import Tables
from sealgate.postfix.trace import Lookup
from sealgate.rehearsal.explain import Entry
from sealgate.rehearsal.origins import Origins
from sealgate.rehearsal.zones import zones_asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STATE = state(
    {"my-hostname": "gw.example.com"},
    {
        "relay-domain": ["relay.example"],
        "network": ["10.0.0.0/8", "2001:db8:77::/48"],
        "black": ["198.51.100.0/24", {"client": "2001:db8:6::/48", "reason": "no"}],
        "rbl": [{"zone": "a.example"}, {"zone": "b.a.example"}],
        "header-check": [
            {"pattern": "/^X-One: 1/", "action": "WARN", "text": "one"},
            {"pattern": "/^X-Two:/", "action": "WARN", "text": "two"},
            {"pattern": "/^X-/", "action": "DISCARD"},
        ],
        "body-check": [{"pattern": "/viagra/", "action": "REJECT", "text": "no"}],
    },
    main_cf="# note\nsmtpd_helo_restrictions = reject_rhsbl_helo dbl.example.net,\n"
    "  check_helo_access pcre:$maps_d_dir/pcre-helo.map\n",
    tables={"pcre:helo": "# first\n/^bad/ REJECT\n/^worse/\n  REJECT two lines\n"},
)


@pytest.fixture(scope="module")
def found() -> Iterator[tuple[Origins, Callable[[str], str]]]:
    with released(STATE) as release:
        read = read_back(Programs(release.path), expanded=True)
        tables = Tables(neutral_programs(release.root / "neutral"))
        scratch = release.root / "scratch"
        origins = Origins(release.path, STATE, release.tree, read, tables=tables, scratch=scratch)
        yield origins, lambda name: f"{release.path}/{name}"


def test_a_setting_is_found_by_its_parameter(found) -> None:
    assert found[0].parameter("myhostname") == Entry(0, "setting", "my-hostname")


def test_an_own_line_is_found_by_its_parameter_with_its_line(found) -> None:
    assert found[0].parameter("smtpd_helo_restrictions") == Entry(2, "own-lines", "main-cf")


def test_a_parameter_that_nobody_set_comes_from_nowhere(found) -> None:
    assert found[0].parameter("process_id_directory") == Entry()


@pytest.mark.parametrize(
    ("table", "key", "result", "entry"),
    [
        ("client_black.cidr", "198.51.100.9", "REJECT", Entry(1, "black", "198.51.100.0/24")),
        ("client_black.cidr", "2001:db8:6::1", "REJECT 5.7.1 no", Entry(2, "black", "2001:db8:6::/48")),
        ("mynetworks.cidr", "10.200.0.1", "OK", Entry(0, "network", "10.0.0.0/8")),
        ("client_black.cidr", "192.0.2.1", "REJECT", Entry(0, "black", "")),
        ("nowhere.cidr", "192.0.2.1", "REJECT", Entry()),
    ],
)
def test_a_client_is_found_in_the_list_that_knew_it(found, table: str, key: str, result: str, entry: Entry) -> None:
    origins, path = found

    told = origins.entry(Lookup(f"cidr:{path(f'maps/{table}')}", key, result))

    assert (told.noun, told.row) == (entry.noun, entry.row)
    assert not entry.line or told.line == entry.line


def test_a_key_of_an_indexed_table_is_its_row(found) -> None:
    origins, path = found

    assert origins.entry(Lookup(f"lmdb:{path('maps/relay_domains')}", "relay.example", "OK")) == Entry(
        0, "relay-domain", "relay.example"
    )


@pytest.mark.parametrize(
    ("name", "row"), [("9.2.0.192.a.example A", "a.example"), ("9.2.0.192.b.a.example A", "b.a.example")]
)
def test_a_name_that_was_asked_belongs_to_the_nearest_zone(found, name: str, row: str) -> None:
    assert found[0].entry(Lookup("dns", name, "?")) == Entry(0, "rbl", row)


def test_a_zone_of_own_lines_is_no_row(found) -> None:
    assert found[0].entry(Lookup("dns", "x.dbl.example.net A", "?")) == Entry()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [("X-One: 1", 1, "X-One"), ("X-Two: anything", 2, "X-Two"), ("X-Three: z", 3, "/^X-/"), ("X-One: 2", 3, "/^X-/")],
)
def test_the_first_rule_that_a_header_meets_is_found(found, text: str, line: int, words: str) -> None:
    parameter, rule, entry = found[0].rule("header", text)

    assert (parameter, entry.line, entry.noun) == ("header_checks", line, "header-check")
    assert words in rule


def test_a_body_line_is_looked_for_in_the_body_checks(found) -> None:
    assert found[0].rule("body", "buy viagra now")[0] == "body_checks"


def test_a_header_that_meets_no_rule_has_none(found) -> None:
    assert found[0].rule("header", "Subject: hello") is None


def test_the_zones_that_restrictions_ask_are_all_known(found) -> None:
    _, path = found

    zones = zones_asked(read_back(Programs(Path(path(""))), expanded=True))

    assert zones == ("a.example", "b.a.example", "dbl.example.net")
