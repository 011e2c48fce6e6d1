"""Whole gateways as people run them: what the check says of each, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.model.states import codes, findings, state

from sealgate.model.errors import InvalidValue
from sealgate.model.findings import Severity
from sealgate.model.nouns import NOUNS

COMPANY: dict[str, Any] = {
    "settings": {
        "my-hostname": "mail.example.org",
        "internal-relay-host": "exchange.example.org",
        "external-relay-host": "smtp.provider.example:587",
        "tls-outgoing": "encrypt",
        "before-filter-size-limit": "50 MiB",
        "reject-unverified-recipient": True,
    },
    "rows": {
        "relay-domain": ["example.org", "example.com", "bücher.example"],
        "network": ["10.0.0.0/8", "192.0.2.128/25"],
        "sasl": [{"host": "smtp.provider.example", "port": 587, "user": "gw@example.org", "password": "s1"}],
        "rbl": ["zen.example.net=127.0.0.[2..11]", "sender:dbl.example.net=127.0.1.[2..99]"],
        "black": ["203.0.113 REJECT no more of this", "203.0.114.7 expires=2031-01-01"],
        "white": ["198.51.100.0/28"],
        "header-check": [r"/^Subject:\s+make\s+money/ REJECT spam", "if /^Received:/", r"/by\s+old/ IGNORE", "endif"],
        "forwarding": ["root: admin@example.org"],
    },
}
CLOUD: dict[str, Any] = {
    "settings": {"internal-relay-host": "example-org.mail.protection.example", "match-subdomains": True},
    "rows": {
        "relay-domain": ["example.org"],
        "provider": ["microsoft365 own 40.92.0.0/15 40.107.0.0/16 52.100.0.0/14 104.47.0.0/17 2a01:111:f400::/48"],
    },
}
HOSTER: dict[str, Any] = {
    "settings": {"internal-relay-host": ""},
    "rows": {
        "relay-domain": [f"customer{number}.example" for number in range(200)],
        "transport": [
            *(f"customer{number}.example smtp:[mx{number % 7}.hoster.example]:2525" for number in range(200)),
            "gone.example error:5.1.2 this domain has moved",
            "slow.example slow:",
            ".partner.example smtp:partner.example",
            "boss@customer7.example hold",
        ],
        "tls-policy": ["[mx1.hoster.example]:2525 secure match=nexthop", ".partner.example encrypt"],
    },
    "master": "slow unix - - n - 1 smtp\n  -o smtp_destination_concurrency_limit=1\n",
}


def test_a_company_in_front_of_its_mail_server_has_nothing_to_mend():
    assert [str(found) for found in findings(**COMPANY)] == []


def test_a_gateway_for_a_cloud_has_nothing_to_mend():
    assert codes(**CLOUD) == []


def test_a_hoster_is_told_only_that_its_domains_have_no_common_next_hop():
    assert codes(**HOSTER) == ["internal-relay-host-not-set", "tls-policy-no-next-hop"]


def test_the_policy_of_the_hoster_that_does_not_hold_is_the_one_by_the_domain_of_others():
    (found,) = [f for f in findings(**HOSTER) if f.code == "tls-policy-no-next-hop"]

    assert found.place.key == ".partner.example"
    assert "partner.example" in found.why


def test_the_walk_through_of_the_tls_policy_table_has_no_errors():
    found = findings(
        main="smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n",
        tables={("hash", "tls-policy"): "example.net encrypt\n"},
    )

    assert [f.code for f in found if f.severity is not Severity.NOTE] == []


def test_a_fresh_gateway_is_told_what_to_do_first():
    found = findings(
        {"relay-domain": []},
        {"my-hostname": "", "internal-relay-host": "", "default-forwarding": "", "tls-incoming": "may"},
    )

    assert [f.code for f in found] == ["only-sends", "system-mail-lost", "tls-not-offered"]


@pytest.mark.parametrize("given", [COMPANY, CLOUD, HOSTER], ids=["company", "cloud", "hoster"])
def test_every_row_reads_back_from_its_fields(given):
    rows = state(**given).rows

    for noun, described in NOUNS.items():
        for row in rows.rows(noun):
            assert described.parse(described.fields(row.value)) == row.value


@pytest.mark.parametrize("noun", NOUNS)
def test_ten_megabytes_in_any_field_are_refused(noun):
    columns = NOUNS[noun].columns
    enormous = "x" * 10_000_000

    for column in columns:
        with pytest.raises(InvalidValue) as refused:
            NOUNS[noun].parse({column.name: enormous})
        assert len(str(refused.value)) < 5000
