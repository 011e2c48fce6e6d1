"""Judging a release without running it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.parameters import ReadBack, read_back, service
from sealgate.postfix.tables import Tables, TableType
from sealgate.rehearsal.reading import NO_PROGRAM, NO_SERVICE, TABLE_BROKEN, UNREADABLE, judge_files, tables_named

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from sealgate.model.findings import Finding


def judged(gateway: Gateway) -> tuple[Finding, ...]:
    read = read_back(gateway.instance.programs, expanded=True)
    return judge_files(gateway.conf, read, neutral_programs(gateway.top / "neutral"), gateway.conf)


def codes(gateway: Gateway) -> list[str]:
    return [finding.code for finding in judged(gateway)]


def test_a_good_release_has_no_findings(gateway: Gateway) -> None:
    assert judged(gateway) == ()


def test_what_postconf_says_is_a_finding_with_the_place(gateway: Gateway) -> None:
    gateway.write(raw="no equals sign\n")

    (finding,) = judged(gateway)

    assert finding.code == UNREADABLE
    assert finding.place.file == "main.cf"
    assert finding.place.line > 1


def test_a_table_named_over_a_parameter_of_ones_own_is_opened(gateway: Gateway) -> None:
    gateway.write(maps="${config_directory}/maps", transport_maps="lmdb:$maps/transport")

    (finding,) = judged(gateway)

    assert finding.code == TABLE_BROKEN
    assert finding.place.file == "maps/transport.lmdb"
    assert finding.place.field == "transport_maps"


def test_a_table_that_is_whole_is_no_finding(gateway: Gateway) -> None:
    tables = Tables(neutral_programs(gateway.top / "neutral"))
    tables.build(gateway.conf / "t", TableType.LMDB, [("a.test", "smtp:x")])
    gateway.write(transport_maps="lmdb:${config_directory}/t")

    assert judged(gateway) == ()


def test_a_table_named_by_the_live_path_is_looked_for_in_the_release(gateway: Gateway) -> None:
    live = gateway.top / "live"
    neutral = neutral_programs(gateway.top / "neutral")
    gateway.write(transport_maps=f"lmdb:{live}/t")
    read = read_back(gateway.instance.programs, expanded=True)
    missing = judge_files(gateway.conf, read, neutral, live)

    Tables(neutral).build(gateway.conf / "t", TableType.LMDB, [("a.test", "smtp:x")])

    assert [finding.code for finding in missing] == [TABLE_BROKEN]
    assert judge_files(gateway.conf, read, neutral, live) == ()


def test_tables_that_postfix_writes_itself_need_not_be_there(gateway: Gateway) -> None:
    gateway.write(address_verify_map="lmdb:${data_directory}/verify", smtp_tls_session_cache_database="lmdb:/none")

    assert judged(gateway) == ()


def test_tables_in_overrides_of_services_are_opened_too(gateway: Gateway) -> None:
    first, _, rest = gateway.master.partition("\n")
    gateway.write(master=f"{first} -o smtpd_sender_restrictions=check_sender_access,hash:/nope\n{rest}")

    assert codes(gateway) == [TABLE_BROKEN]


@pytest.mark.parametrize(
    ("value", "tables"),
    [
        ("hash:/a, proxy:lmdb:/b", [("hash", "/a"), ("lmdb", "/b")]),
        ("check_client_access cidr:/c", [("cidr", "/c")]),
        ("unionmap:{hash:/d,cidr:/e}", [("hash", "/d"), ("cidr", "/e")]),
        ("unix:/run/milter.sock, inet:127.0.0.1:1, /etc/file, static:all, $x", []),
        ("smtp:/no/table", []),
        ("hash:/a hash:/a", [("hash", "/a")]),
    ],
)
def test_tables_are_recognised_by_type_and_path(value: str, tables: list[tuple[str, str]]) -> None:
    read = ReadBack({"some_maps": value}, (service("smtp unix - - n - - smtp"),))

    assert [(kind, str(path)) for kind, path, _ in tables_named(read)] == tables


@pytest.mark.parametrize("parameter", ["default_transport", "relay_transport", "content_filter"])
def test_a_transport_must_be_a_service(parameter: str, gateway: Gateway) -> None:
    gateway.write(**{parameter: "nosuch:[127.0.0.1]:25"})

    (finding,) = judged(gateway)

    assert finding.code == NO_SERVICE
    assert "nosuch" in finding.what
    assert finding.place.field == parameter


def test_an_empty_content_filter_names_nothing(gateway: Gateway) -> None:
    gateway.write(content_filter="")

    assert judged(gateway) == ()


def test_a_program_that_is_not_installed_is_named(gateway: Gateway) -> None:
    gateway.write(master=f"{gateway.master}extra unix - - n - - nosuchd\n")

    (finding,) = judged(gateway)

    assert finding.code == NO_PROGRAM
    assert finding.place.key == "extra/unix"


def test_it_changes_nothing_in_the_release(gateway: Gateway) -> None:
    before = {path.name: path.read_bytes() for path in gateway.conf.iterdir()}

    judged(gateway)

    assert {path.name: path.read_bytes() for path in Path(gateway.conf).iterdir()} == before
