"""Gateways as sane people set them up; a rehearsal must pass every one of them without a word.

Each is a desired state: settings, rows, own lines, look-up tables, and perhaps facts of the machine. The domains and
addresses are those of documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sealgate.render import Endpoint

GATEWAY = {"my-hostname": "gw.example.com"}
OFFICE = {"relay-domain": ["example.com"], "network": ["10.0.0.0/24"]}


@dataclass(frozen=True, slots=True)
class Sane:
    """One sane gateway. `certificate`: it has a certificate of its own."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)
    main: str = ""
    master: str = ""
    tables: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    certificate: bool = False


def _hop(host: str, port: int = 25, *, mx: bool = False) -> dict[str, Any]:
    return {"host": host, "port": port, "mx": mx}


def _own(name: str, main: str = "", master: str = "", **more: Any) -> Sane:
    return Sane(f"own lines: {name}", GATEWAY, OFFICE, main=main, master=master, **more)


SANE: tuple[Sane, ...] = (
    Sane("nothing set at all"),
    Sane("a host that only sends", GATEWAY, {"network": ["10.0.0.0/24"]}),
    Sane(
        "domains with long names",
        {**GATEWAY, "internal-relay-host": _hop("exchange.example.com")},
        {"relay-domain": [f"{'a' * 50}.{'b' * 50}.{'c' * 50}.{'d' * 40}.example", f"{'e' * 60}.{'f' * 60}.example"]},
    ),
    Sane("a small office", {**GATEWAY, "internal-relay-host": _hop("exchange.example.com")}, OFFICE),
    Sane(
        "a small office behind a provider",
        {**GATEWAY, "internal-relay-host": _hop("192.0.2.77"), "external-relay-host": _hop("smtp.isp.example", 587)},
        {**OFFICE, "sasl": [{"host": "smtp.isp.example", "port": 587, "user": "office", "password": "s1"}]},
    ),
    Sane(
        "an office with verified recipients",
        {
            **GATEWAY,
            "internal-relay-host": _hop("exchange.example.com"),
            "reject-unverified-recipient": True,
            "unverified-recipient-reject-code": 550,
        },
        OFFICE,
    ),
    Sane(
        "verified recipients and a temporary code",
        {**GATEWAY, "internal-relay-host": _hop("exchange.example.com"), "reject-unverified-recipient": True},
        OFFICE,
    ),
    Sane(
        "an ISP's relay",
        GATEWAY,
        {
            "relay-domain": [f"customer{number}.example" for number in range(60)],
            "network": [f"192.0.2.{number}" for number in range(1, 30)] + ["198.51.100.0/24", "2001:db8:100::/40"],
            "transport": [
                {
                    "pattern": f"customer{number}.example",
                    "host": f"mail.customer{number}.example",
                    "port": 25 + number % 2,
                }
                for number in range(60)
            ],
        },
    ),
    Sane(
        "a relay for two clouds",
        GATEWAY,
        {
            "relay-domain": ["example.com", "example.org"],
            "network": ["10.0.0.0/8"],
            "provider": [
                {"name": "microsoft-365", "networks": ["40.92.0.0/15", "2a01:111:f400::/48"]},
                {"name": "google", "networks": ["172.217.0.0/19", "35.190.247.0/24"], "senders": "own-and-null"},
                {"name": "fax", "networks": ["203.0.113.9"], "senders": "any"},
            ],
        },
    ),
    Sane(
        "relay hosts by MX",
        {
            **GATEWAY,
            "internal-relay-host": _hop("corp.example", mx=True),
            "external-relay-host": _hop("isp.example", mx=True),
        },
        OFFICE,
    ),
    Sane("a relay host by IPv6 address", {**GATEWAY, "internal-relay-host": _hop("2001:db8:1::25")}, OFFICE),
    Sane(
        "a relay host on another port", {**GATEWAY, "internal-relay-host": _hop("exchange.example.com", 2525)}, OFFICE
    ),
    Sane("IPv6 only networks", GATEWAY, {"relay-domain": ["example.com"], "network": ["2001:db8:1::/48", "fd00::/8"]}),
    Sane(
        "IPv6 only",
        GATEWAY,
        {"relay-domain": ["example.com"], "network": ["2001:db8:1::/48"]},
        main="inet_protocols = ipv6\n",
        facts={"mpa": Endpoint("::1", 10025), "reinject": Endpoint("::1", 10026)},
    ),
    Sane("IPv4 only", GATEWAY, OFFICE, main="inet_protocols = ipv4\n"),
    Sane(
        "many listeners",
        GATEWAY,
        OFFICE,
        facts={
            "smtp_listeners": (Endpoint("", 25), Endpoint("", 2525), Endpoint("", 587), Endpoint("127.0.0.1", 2626)),
        },
    ),
    Sane("listeners by the page", {**GATEWAY, "listen-on": "*:25, *:2525, 127.0.0.1:2600"}, OFFICE),
    Sane("a listener on loopback alone", GATEWAY, OFFICE, facts={"smtp_listeners": (Endpoint("127.0.0.1", 25),)}),
    Sane("subdomains", {**GATEWAY, "match-subdomains": True}, OFFICE),
    Sane(
        "subdomains and a subdomain of its own",
        {**GATEWAY, "match-subdomains": True},
        {
            "relay-domain": ["example.com", "lists.example.com"],
            "transport": [{"pattern": "lists.example.com", "host": "lists.example.net"}],
        },
    ),
    Sane(
        "transports of all kinds",
        GATEWAY,
        {
            "relay-domain": ["example.com", "example.org", "closed.example"],
            "network": ["10.0.0.0/24"],
            "transport": [
                {"pattern": "example.com", "host": "inner.example.net", "port": 2525},
                {"pattern": ".example.com", "host": "inner.example.net", "mx": True},
                {"pattern": "boss@example.com", "host": "192.0.2.9"},
                {"pattern": "closed.example", "special": "error:no such domain here"},
                {"pattern": "sink.example", "special": "discard:"},
                {"pattern": "later.example", "special": "hold"},
                {"pattern": "box.example", "special": "lmtp:[192.0.2.24]:24"},
                {"pattern": "v6.example", "host": "2001:db8:9::9", "port": 26},
            ],
        },
    ),
    Sane("everything through one host", GATEWAY, {**OFFICE, "transport": [{"pattern": "*", "host": "smart.example"}]}),
    Sane(
        "a raw line of a transport",
        GATEWAY,
        {**OFFICE, "transport": [{"pattern": "slow.example", "raw": "slow.example relay:[slow.example.net]:26"}]},
    ),
    Sane(
        "DNS lists of every kind",
        GATEWAY,
        {
            **OFFICE,
            "rbl": [
                {"zone": "list.example.net", "kind": "white"},
                {"zone": "zen.example.net=127.0.0.[2..11]"},
                {"zone": "bl.example.net", "reply": "go to http://example.net/"},
                {"zone": "dbl.example.net", "kind": "sender"},
                {"zone": "dbl.example.net", "kind": "helo"},
            ],
            "white": ["198.51.100.7"],
        },
    ),
    Sane(
        "DNS lists and verified recipients",
        {**GATEWAY, "reject-unverified-recipient": True, "internal-relay-host": _hop("exchange.example.com")},
        {**OFFICE, "rbl": [{"zone": "zen.example.net"}]},
    ),
    Sane(
        "black and white lists that overlap",
        GATEWAY,
        {
            **OFFICE,
            "black": [
                {"client": "198.51.100.0/24", "reason": "spam from there"},
                "203.0.113",
                "2001:db8:bad::/48",
                "10.0.0.66",
                {"client": "192.0.2.1", "expires": "2020-01-01"},
            ],
            "white": ["198.51.100.7", "198.51.100.0/29", "2001:db8:bad:1::/64"],
        },
    ),
    Sane(
        "networks with exceptions",
        GATEWAY,
        {"relay-domain": ["example.com"], "network": ["!10.0.0.13", "10.0.0.0/24", "!10.1.0.0/16", "10.0.0.0/8"]},
    ),
    Sane(
        "a row that is switched off",
        GATEWAY,
        {
            **OFFICE,
            "rbl": [{"zone": "off.example.net", "_enabled": False}],
            "network": ["10.0.0.0/24", {"network": "192.0.2.0/24", "_enabled": False}],
        },
    ),
    Sane(
        "header and body checks",
        GATEWAY,
        {
            **OFFICE,
            "header-check": [
                {"pattern": r"/^Subject:\s+make money fast/", "action": "REJECT spam detected"},
                {"pattern": r"/^X-Mailer:.*BulkSender [0-9]+/", "action": "REJECT"},
                {"pattern": "/^List-Id:/", "action": "PREPEND", "text": "X-List: yes"},
                {"pattern": "/^X-Spam-Flag: YES/", "action": "HOLD"},
                {"pattern": "/^X-Secret:/", "action": "IGNORE"},
                {"pattern": "/^(To|Cc):.*undisclosed/", "action": "WARN", "text": "hidden recipients"},
            ],
            "mime-header-check": [{"pattern": r"/name=[^>]*\.(exe|bat|scr)/", "action": "REJECT no programs"}],
            "nested-header-check": [{"pattern": "/^X-Nested-Evil:/", "action": "REJECT"}],
            "body-check": [{"pattern": "/^buy these pills now/", "action": "DISCARD"}],
        },
    ),
    *(
        Sane(f"a check that meets every mail: {action}", GATEWAY, {**OFFICE, "header-check": [rule]})
        for action, rule in {
            "reject": {"pattern": "/^Subject:/", "action": "REJECT", "text": "closed today"},
            "prepend": {"pattern": "/^Subject:/", "action": "PREPEND", "text": "X-Seen: yes"},
            "ignore": {"pattern": "/^X-/", "action": "IGNORE"},
            "discard": {"pattern": "/^From:/", "action": "DISCARD"},
            "redirect": {"pattern": "/^From:/", "action": "REDIRECT", "text": "all@archive.example"},
        }.items()
    ),
    Sane(
        "a body check that holds every mail", GATEWAY, {**OFFICE, "body-check": [{"pattern": "/./", "action": "HOLD"}]}
    ),
    Sane(
        "checks in blocks, of two languages",
        GATEWAY,
        {
            **OFFICE,
            "header-check": [
                {"pattern": "/^X-A/", "action": "IF"},
                {"pattern": "/^X-A: one/", "action": "REJECT"},
                {"pattern": "", "action": "ENDIF"},
                {"pattern": "/^X-B: [[:alpha:]]+$/", "action": "REJECT", "type": "regexp"},
            ],
        },
    ),
    Sane("small sizes", {**GATEWAY, "before-filter-size-limit": "300 KiB", "after-filter-size-limit": "1 MiB"}, OFFICE),
    Sane("large sizes", {**GATEWAY, "before-filter-size-limit": "100 MiB"}, OFFICE),
    Sane("bare newlines refused", {**GATEWAY, "bare-newline": "reject"}, OFFICE),
    Sane(
        "forwarding",
        {**GATEWAY, "default-forwarding": ["it@example.com"]},
        {**OFFICE, "forwarding": [{"account": "root", "addresses": ["admin@example.com"]}]},
    ),
    Sane("TLS everywhere", {**GATEWAY, "tls-incoming": "may", "tls-outgoing": "may"}, OFFICE, certificate=True),
    Sane("TLS demanded of all who come", {**GATEWAY, "tls-incoming": "encrypt"}, OFFICE, certificate=True),
    Sane("TLS demanded of all next hops", {**GATEWAY, "tls-outgoing": "encrypt"}, OFFICE),
    Sane("no TLS going out", {**GATEWAY, "tls-outgoing": "none"}, OFFICE),
    Sane("DANE", {**GATEWAY, "tls-outgoing": "dane"}, OFFICE),
    Sane(
        "TLS policies",
        {**GATEWAY, "internal-relay-host": _hop("exchange.example.com")},
        {
            **OFFICE,
            "tls-policy": [
                {"destination": "[exchange.example.com]", "level": "encrypt"},
                {"destination": "partner.example", "level": "secure"},
                {"destination": "old.example", "level": "none"},
            ],
        },
    ),
    Sane("an international relay domain", GATEWAY, {"relay-domain": ["müller.example", "example.com"]}),
    Sane(
        "queue times and NAT",
        {
            **GATEWAY,
            "queue-lifetime": "2 days",
            "bounce-queue-lifetime": "1 day",
            "delay-warning": "4 hours",
            "public-addresses": ["192.0.2.200"],
        },
        OFFICE,
    ),
    # Own lines
    _own(
        "a banner and limits",
        "smtpd_banner = $myhostname ESMTP\nsmtpd_client_connection_rate_limit = 200\nsmtpd_timeout = 120s\n",
    ),
    _own(
        "stricter HELO",
        "smtpd_helo_restrictions = permit_mynetworks, reject_invalid_helo_hostname,\n"
        "    reject_non_fqdn_helo_hostname\n",
    ),
    _own(
        "sender checks",
        "smtpd_sender_restrictions = permit_mynetworks, reject_non_fqdn_sender,\n"
        "    check_sender_access hash:$maps_d_dir/hash-senders.map\n",
        tables={"hash:senders": "spammer.example REJECT\nfriend.example OK\n"},
    ),
    _own(
        "networks of one's own", "mynetworks = 127.0.0.0/8, [::1]/128, 10.0.0.0/24, 192.0.2.0/24, [2001:db8:2::]/48\n"
    ),
    _own(
        "restrictions of one's own",
        "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_unknown_sender_domain\n",
    ),
    _own(
        "a TLS policy table",
        "smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n",
        tables={"hash:tls-policy": "example.org encrypt\n"},
    ),
    _own("a size limit", "message_size_limit = 50000000\n"),
    _own(
        "a slower transport",
        "slow_destination_concurrency_limit = 1\n",
        "slow unix - - n - 2 smtp\n    -o smtp_helo_timeout=60s\n",
    ),
    _own("a second listener", "", "2526 inet n - n - - smtpd\n    -o syslog_name=sealgate/second\n"),
    _own(
        "a listener for the own networks alone",
        "",
        "2527 inet n - n - - smtpd\n    -o smtpd_client_restrictions=permit_mynetworks,reject\n",
    ),
    _own(
        "a listener on loopback for a program",
        "",
        "127.0.0.1:2528 inet n - n - - smtpd\n    -o smtpd_relay_restrictions=permit_mynetworks,reject\n"
        "    -o mynetworks=127.0.0.0/8\n",
    ),
    _own(
        "a lookup table of blocked clients",
        "smtpd_client_restrictions = check_client_access cidr:$maps_d_dir/cidr-blocked.map, permit_mynetworks\n",
        tables={"cidr:blocked": "192.0.2.0/24 REJECT not here\n198.51.100.0/25 DUNNO\n"},
    ),
    _own(
        "addresses rewritten",
        "canonical_maps = hash:$maps_d_dir/hash-canonical.map\n",
        tables={"hash:canonical": "old@example.com new@example.com\n"},
    ),
    _own("a copy of all mail", "always_bcc = archive@example.com\n"),
)
