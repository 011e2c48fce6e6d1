"""Microsoft 365: the version first, then the endpoints; only what sends mail counts."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.outside_sources import Page

from sealgate.providers import Fetched, NotFetched, Source, fetch
from sealgate.providers.microsoft365 import client

if TYPE_CHECKING:
    from tests.support.outside_sources import OutsideSources

HOST = "endpoints.office.com"
MAIL: dict[str, Any] = {
    "id": 10,
    "serviceArea": "Exchange",
    "urls": ["*.mail.protection.outlook.com"],
    "ips": ["40.92.0.0/15", "52.100.0.0/14", "2a01:111:f403::/48", "40.92.0.0/16"],
    "tcpPorts": "25",
}
WEB = {"id": 1, "serviceArea": "Exchange", "ips": ["13.107.6.152/31"], "tcpPorts": "80,443"}
COMMON = {"id": 56, "serviceArea": "Common", "ips": ["20.20.32.0/19"], "tcpPorts": "25,443"}


def fetched(
    outside: OutsideSources, endpoints: object, *, name: str = "Worldwide", instance: str = "worldwide", known: str = ""
) -> Fetched:
    outside.pages[HOST, f"/version/{name}"] = Page(json.dumps({"instance": name, "latest": "2026110100"}).encode())
    outside.pages[HOST, f"/endpoints/{name}"] = Page(json.dumps(endpoints).encode())
    return fetch(Source("microsoft365", instance=instance), outside.reach(), known)


def refused(outside: OutsideSources, endpoints: object) -> str:
    with pytest.raises(NotFetched) as fault:
        fetched(outside, endpoints)
    return str(fault.value)


def test_only_endpoints_of_exchange_with_port_25_count(outside: OutsideSources) -> None:
    got = fetched(outside, [WEB, MAIL, COMMON, {"id": 3, "serviceArea": "Exchange", "tcpPorts": "25"}])

    assert [str(one) for one in got.networks] == ["40.92.0.0/15", "52.100.0.0/14", "2a01:111:f403::/48"]
    assert (got.version, got.remarks) == ("worldwide 2026110100", ())


@pytest.mark.parametrize("ports", ["25,587", "587, 25", "20-30", "443,25-25"])
def test_port_25_is_found_among_others(outside: OutsideSources, ports: str) -> None:
    assert fetched(outside, [MAIL | {"tcpPorts": ports}]).networks


@pytest.mark.parametrize("ports", ["", "2525", "26-30", "250"])
def test_other_ports_are_not_port_25(outside: OutsideSources, ports: str) -> None:
    assert "not one network" in refused(outside, [MAIL | {"tcpPorts": ports}])


def test_the_endpoints_are_not_asked_for_while_the_version_is_the_same(outside: OutsideSources) -> None:
    got = fetched(outside, [MAIL], known="worldwide 2026110100")

    assert (got.unchanged, got.networks, got.version) == (True, (), "worldwide 2026110100")
    assert [request.target.partition("?")[0] for request in outside.asked] == ["/version/Worldwide"]


def test_the_same_version_of_another_instance_is_another_version(outside: OutsideSources) -> None:
    assert fetched(outside, [MAIL], name="China", instance="china", known="worldwide 2026110100").networks


@pytest.mark.parametrize(
    ("instance", "name"), [("usgov-dod", "USGovDoD"), ("usgov-gcchigh", "USGovGCCHigh"), ("china", "China")]
)
def test_each_instance_is_asked_for_by_its_name(outside: OutsideSources, instance: str, name: str) -> None:
    assert fetched(outside, [MAIL], name=name, instance=instance).version.startswith(instance)


def test_the_service_is_told_one_number_of_this_machine_and_the_area(outside: OutsideSources) -> None:
    fetched(outside, [MAIL])

    assert [request.target for request in outside.asked] == [
        f"/version/Worldwide?ClientRequestId={client()}",
        f"/endpoints/Worldwide?ClientRequestId={client()}&ServiceAreas=Exchange",
    ]
    assert str(uuid.UUID(client())) == client()


@pytest.mark.parametrize(
    "endpoints",
    [{}, ["x"], [MAIL | {"ips": "40.92.0.0/15"}], [MAIL | {"tcpPorts": 25}], [MAIL | {"tcpPorts": "smtp"}], 7, None],
)
def test_an_answer_that_is_not_as_described_is_refused(outside: OutsideSources, endpoints: object) -> None:
    assert "not as Microsoft describes it" in refused(outside, endpoints)


@pytest.mark.parametrize("network", ["40.92.0.0/7", "40.92.1.0/15", "everybody", 7, "0.0.0.0/0"])
def test_one_network_that_cannot_be_believed_refuses_the_list(outside: OutsideSources, network: object) -> None:
    assert "Nothing of the list was taken" in refused(outside, [MAIL | {"ips": ["52.100.0.0/14", network]}])


@pytest.mark.parametrize("version", ["[]", '{"latest": 7}', '{"latest": "x"}', "{}", "<html>"])
def test_a_version_that_is_none_is_refused(outside: OutsideSources, version: str) -> None:
    outside.pages[HOST, "/version/Worldwide"] = Page(version.encode())

    with pytest.raises(NotFetched, match="The version of the addresses"):
        fetch(Source("microsoft365"), outside.reach())


@pytest.mark.parametrize("kind", ["microsoft365", "microsoft365-spf"])
def test_an_instance_that_is_none_is_refused_with_those_that_are(outside: OutsideSources, kind: str) -> None:
    with pytest.raises(NotFetched, match="Choose one of worldwide, china, usgov-dod, usgov-gcchigh"):
        fetch(Source(kind, instance="germany"), outside.reach())


@pytest.mark.parametrize(
    ("instance", "domain"),
    [
        ("worldwide", "spf.protection.outlook.com"),
        ("china", "spf.protection.partner.outlook.cn"),
        ("usgov-dod", "spf.protection.office365.us"),
        ("usgov-gcchigh", "spf.protection.office365.us"),
    ],
)
def test_each_instance_has_its_spf_record(outside: OutsideSources, instance: str, domain: str) -> None:
    outside.dns.texts(domain, "v=spf1 ip4:40.92.0.0/15 -all")

    got = fetch(Source("microsoft365-spf", instance=instance), outside.reach())

    assert [str(one) for one in got.networks] == ["40.92.0.0/15"]
