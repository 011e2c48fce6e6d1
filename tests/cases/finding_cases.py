"""A state for every finding: one that has it, and the same put right.

Each case is `(code, broken, right)`; both states are what `tests.model.states.state` takes, on top of a healthy one.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import trustme
from tests.cases.text_finding_cases import TEXT_CASES
from tests.model.states import TODAY

AUTHORITY = trustme.CA()


def certificate(*names: str, until: dt.date = dt.date(2031, 1, 1)) -> str:
    end = dt.datetime.combine(until, dt.time(12), dt.UTC)
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return AUTHORITY.issue_cert(*names, not_before=start, not_after=end).cert_chain_pems[0].bytes().decode()


GOOD = certificate("gw.example.org")
LOGIN = {"host": "smtp.example.net", "port": 587, "user": "u", "password": "s1"}
PLAIN_LOGIN = {"host": "smtp.example.net", "mx": True, "user": "other", "password": "s2"}
RELAY = {"external-relay-host": "smtp.example.net:587"}

_OTHERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "after-limit-below-before",
        {"settings": {"before-filter-size-limit": "10 MiB", "after-filter-size-limit": "9 MiB"}},
        {"settings": {"before-filter-size-limit": "10 MiB", "after-filter-size-limit": "20 MiB"}},
    ),
    ("after-limit-below-before", {"main": "message_size_limit = 1000"}, {"main": "message_size_limit = 99000000"}),
    (
        "after-limit-below-twice",
        {"settings": {"before-filter-size-limit": "10 MiB", "after-filter-size-limit": "19 MiB"}},
        {"settings": {"before-filter-size-limit": "10 MiB", "after-filter-size-limit": "20 MiB"}},
    ),
    (
        "black-behind-white",
        {"rows": {"white": ["192.0.2.0/24"], "black": ["192.0.2.7"]}},
        {"rows": {"white": ["192.0.2.0/24"], "black": ["198.51.100.7"]}},
    ),
    (
        "black-behind-white",
        {"rows": {"white": ["2001:db8::/32"], "black": ["2001:db8:1::/48"]}},
        {"rows": {"white": ["2001:db8::/32 expires=2030-06-14"], "black": ["2001:db8:1::/48"]}},
    ),
    (
        "black-in-network",
        {"rows": {"network": ["10.0.0.0/8"], "black": ["10.1.1.1"]}},
        {"rows": {"network": ["10.0.0.0/8"], "black": ["11.1.1.1"]}},
    ),
    ("bounce-lifetime-longer", {"settings": {"bounce-queue-lifetime": "6d"}}, {"settings": {"queue-lifetime": "6d"}}),
    (
        "certificate-chain-order",
        {"settings": {"tls-certificate": AUTHORITY.cert_pem.bytes().decode() + GOOD, "tls-key": "k"}},
        {"settings": {"tls-certificate": GOOD + AUTHORITY.cert_pem.bytes().decode(), "tls-key": "k"}},
    ),
    (
        "certificate-expires-soon",
        {"settings": {"tls-certificate": certificate("gw.example.org", until=TODAY), "tls-key": "k"}},
        {"settings": {"tls-certificate": GOOD, "tls-key": "k"}},
    ),
    (
        "certificate-not-valid",
        {"settings": {"tls-certificate": certificate("gw.example.org", until=dt.date(2029, 1, 1)), "tls-key": "k"}},
        {"settings": {"tls-certificate": certificate("gw.example.org", until=TODAY), "tls-key": "k"}},
    ),
    (
        "check-block-mixed",
        {"rows": {"header-check": ["if /^X/", "regexp:/^X-A/ DUNNO", "endif"]}},
        {"rows": {"header-check": ["regexp:if /^X/", "regexp:/^X-A/ DUNNO", "regexp:endif"]}},
    ),
    ("check-block-not-begun", {"rows": {"body-check": ["endif"]}}, {"rows": {"body-check": ["if /a/", "endif"]}}),
    (
        "check-block-not-ended",
        {"rows": {"header-check": ["if /^X/", "off endif"]}},
        {"rows": {"header-check": ["if /^X/", "endif"]}},
    ),
    (
        "check-bypasses-mpa",
        {"rows": {"header-check": ["/^X/ FILTER smtp:[192.0.2.9]:25"]}},
        {"rows": {"header-check": ["/^X/ FILTER mpa:inet:127.0.0.1:10025"]}},
    ),
    (
        "check-flag-i",
        {"rows": {"header-check": ["/^X/i DUNNO"]}},
        {"rows": {"header-check": ["/^X/s DUNNO"]}},
    ),
    (
        "check-literal-blank",
        {"rows": {"header-check": ["/^Subject: make money fast/ REJECT spam detected"]}},
        {"rows": {"header-check": [r"/^Subject:\s+make\s+money\s+fast/ REJECT spam detected"]}},
    ),
    (
        "check-literal-blank",
        {"rows": {"mime-header-check": ["regexp:/a b/ DUNNO"]}},
        {"rows": {"body-check": ["/a b/ DUNNO"], "header-check": [r"/a[ ]b\ c/ DUNNO", "/a b/x DUNNO"]}},
    ),
    (
        "check-never-reached",
        {"rows": {"header-check": ["/^X/ DUNNO", "/^X/ REJECT"]}},
        {"rows": {"header-check": ["/^X/ DUNNO", "/^Y/ REJECT", "if /^Z/", "/^A/ WARN", "endif", "/^A/ REJECT"]}},
    ),
    (
        "check-never-reached",
        {"rows": {"body-check": ["/^/ DUNNO", "if /^X/", "/^Y/ REJECT", "endif"]}},
        {"rows": {"body-check": ["!/^/ DUNNO", "/^Y/ REJECT", "off /^/ WARN", "/x/ DUNNO"]}},
    ),
    (
        "check-slow-pattern",
        {"rows": {"header-check": ["/^X: (a+)+$/ REJECT"]}},
        {"rows": {"header-check": [r"/^X:\s(a+b)+$/ REJECT"]}},
    ),
    (
        "client-expired",
        {"rows": {"black": ["192.0.2.9 expires=2030-06-14"]}},
        {"rows": {"black": ["192.0.2.9 expires=2030-06-15"]}},
    ),
    ("dane-needs-dnssec", {"settings": {"tls-outgoing": "dane"}}, {"settings": {"tls-outgoing": "encrypt"}}),
    ("delay-warning-too-late", {"settings": {"delay-warning": "5d"}}, {"settings": {"delay-warning": "4h"}}),
    (
        "forwarding-circle",
        {"rows": {"forwarding": ["root: ops@gw.example.org", "ops: root@gw.example.org"]}},
        {"rows": {"forwarding": ["root: ops@gw.example.org", "ops: admin@example.net"]}},
    ),
    (
        "forwarding-circle",
        {"settings": {"default-forwarding": "admin@gw.example.org"}},
        {"settings": {"default-forwarding": "admin@example.com"}},
    ),
    (
        "forwarding-into-nothing",
        {"rows": {"forwarding": ["root: joe@gw.example.org"]}, "settings": {"default-forwarding": ""}},
        {"rows": {"forwarding": ["root: joe@gw.example.org"]}},
    ),
    (
        "hostname-bare-domain",
        {"settings": {"my-hostname": "example.org"}},
        {"settings": {"my-hostname": "a.example.org"}},
    ),
    (
        "hostname-is-relay-domain",
        {"rows": {"relay-domain": ["gw.example.org"]}},
        {"rows": {"relay-domain": ["off gw.example.org", "example.org"]}},
    ),
    (
        "hostname-is-relay-domain",
        {"main": "myhostname = example.com"},
        {"main": "myhostname = gw.example.com"},
    ),
    (
        "hostname-not-in-certificate",
        {"settings": {"tls-certificate": certificate("other.example.org"), "tls-key": "k"}},
        {"settings": {"tls-certificate": certificate("*.example.org"), "tls-key": "k"}},
    ),
    (
        "internal-relay-host-not-set",
        {"settings": {"internal-relay-host": ""}},
        {"settings": {"internal-relay-host": ""}, "rows": {"relay-domain": []}},
    ),
    (
        "network-behind-black",
        {"rows": {"network": ["10.1.0.0/16"], "black": ["10"]}},
        {"rows": {"network": ["10.1.0.0/16"], "black": ["11"]}},
    ),
    (
        "network-covered",
        {"rows": {"network": ["10.0.0.0/8", "!10.0.0.1"]}},
        {"rows": {"network": ["!10.0.0.1", "10.0.0.0/8"]}},
    ),
    (
        "network-opens-relay",
        {"rows": {"network": ["0.0.0.0/0 0.0.0.0/0"]}},
        {"rows": {"network": ["10.0.0.0/8", "192.0.2.0/24", "fd00::/8"]}},
    ),
    (
        "networks-open-relay",
        {"rows": {"network": ["198.18.0.0/16", "198.19.0.0/16"]}},
        {"rows": {"network": ["198.18.0.0/16", "!198.19.0.0/16", "off 198.19.0.0/16"]}},
    ),
    ("only-sends", {"rows": {"relay-domain": ["off example.com"]}}, {}),
    (
        "provider-any-sender",
        {"rows": {"provider": ["cloud any 192.0.2.0/24"]}},
        {"rows": {"provider": ["cloud own 192.0.2.0/24"]}},
    ),
    ("provider-empty", {"rows": {"provider": ["cloud own"]}}, {"rows": {"provider": ["off cloud own"]}}),
    (
        "provider-not-fetched",
        {"rows": {"provider": ["cloud own source=google"]}},
        {"rows": {"provider": ["cloud own source=google 192.0.2.0/24"]}},
    ),
    (
        "provider-null-sender",
        {"rows": {"provider": ["cloud own-and-null 192.0.2.0/24"]}},
        {"rows": {"provider": ["cloud own 192.0.2.0/24"]}},
    ),
    (
        "provider-without-domains",
        {"rows": {"provider": ["cloud own 192.0.2.0/24"], "relay-domain": []}},
        {"rows": {"provider": ["cloud own 192.0.2.0/24"]}},
    ),
    (
        "rbl-covered",
        {"rows": {"rbl": ["bl.example.net", "bl.example.net=127.0.0.2"]}},
        {"rows": {"rbl": ["bl.example.net=127.0.0.2", "sender:bl.example.net"]}},
    ),
    ("rbl-every-answer", {"rows": {"rbl": ["bl.example.net"]}}, {"rows": {"rbl": ["bl.example.net=127.0.0.[2..9]"]}}),
    ("rbl-odd-answer", {"rows": {"rbl": ["bl.example.net=10.0.0.2"]}}, {"rows": {"rbl": ["b.example.net=127.0.0.2"]}}),
    (
        "relay-domain-covered",
        {"rows": {"relay-domain": ["example.com", "a.b.example.com"]}, "settings": {"match-subdomains": True}},
        {"rows": {"relay-domain": ["example.com", "a.b.example.com"]}},
    ),
    (
        "relay-host-is-this-gateway",
        {"settings": {"internal-relay-host": "192.0.2.1:2525"}},
        {"settings": {"internal-relay-host": "192.0.2.1:2526"}},
    ),
    (
        "relay-host-is-this-gateway",
        {"settings": {"external-relay-host": "gw.example.org", "listen-on": "192.0.2.1:25"}},
        {"settings": {"external-relay-host": "gw.example.org:587", "listen-on": "192.0.2.1:25"}},
    ),
    (
        "relay-host-is-this-gateway",
        {"settings": {"internal-relay-host": "127.0.0.1:10026"}},
        {"settings": {"internal-relay-host": "127.0.0.1:10027"}},
    ),
    (
        "sasl-in-clear",
        {"rows": {"sasl": [LOGIN]}, "settings": RELAY | {"tls-outgoing": "none"}},
        {
            "rows": {"sasl": [LOGIN], "tls-policy": ["[smtp.example.net]:587 encrypt"]},
            "settings": RELAY | {"tls-outgoing": "none"},
        },
    ),
    ("sasl-key-no-next-hop", {"rows": {"sasl": [LOGIN]}}, {"rows": {"sasl": [LOGIN]}, "settings": RELAY}),
    (
        "sasl-key-other-spelling",
        {"rows": {"sasl": [LOGIN]}, "settings": {"external-relay-host": "smtp.example.net"}},
        {"rows": {"sasl": [LOGIN], "transport": ["a.example smtp:[smtp.example.net]:587"]}},
    ),
    (
        "sasl-key-shadowed",
        {"rows": {"sasl": [LOGIN, PLAIN_LOGIN]}, "settings": RELAY},
        {"rows": {"sasl": [LOGIN, PLAIN_LOGIN | {"user": "u"}]}, "settings": RELAY},
    ),
    (
        "sasl-perhaps-in-clear",
        {"rows": {"sasl": [LOGIN]}, "settings": RELAY},
        {"rows": {"sasl": [LOGIN]}, "settings": RELAY | {"tls-outgoing": "encrypt"}},
    ),
    ("system-mail-lost", {"settings": {"default-forwarding": ""}}, {}),
    (
        "tls-certificate-missing",
        {"settings": {"tls-key": "k"}},
        {"settings": {"tls-key": "k", "tls-certificate": GOOD}},
    ),
    (
        "tls-incoming-without-certificate",
        {"settings": {"tls-incoming": "encrypt"}},
        {"settings": {"tls-incoming": "encrypt", "tls-certificate": GOOD, "tls-key": "k"}},
    ),
    (
        "tls-key-missing",
        {"settings": {"tls-certificate": GOOD}},
        {"settings": {"tls-certificate": GOOD, "tls-key": "k"}},
    ),
    ("tls-not-offered", {"settings": {"tls-incoming": "may"}}, {"settings": {"tls-incoming": "none"}}),
    (
        "tls-outgoing-fingerprint",
        {"settings": {"tls-outgoing": "fingerprint"}},
        {"settings": {"tls-outgoing": "secure"}},
    ),
    (
        "tls-policy-no-next-hop",
        {"rows": {"tls-policy": ["example.net encrypt"]}, "settings": {"external-relay-host": "smtp.example.net"}},
        {"rows": {"tls-policy": ["example.net encrypt", ".example.net may"]}},
    ),
    (
        "tls-policy-no-next-hop",
        {"rows": {"tls-policy": ["[mail.inside.example]:587 encrypt"]}},
        {"rows": {"tls-policy": ["[mail.inside.example] encrypt"]}},
    ),
    (
        "tls-policy-no-next-hop",
        {
            "tables": {("hash", "t"): "# x\nexample.com encrypt\n"},
            "main": "smtp_tls_policy_maps = hash:$maps_d_dir/hash-t.map",
        },
        {
            "tables": {("hash", "t"): "# x\nexample.net encrypt\n"},
            "main": "smtp_tls_policy_maps = hash:$maps_d_dir/hash-t.map",
        },
    ),
    (
        "transport-for-everything",
        {"rows": {"transport": ["* smtp:[192.0.2.9]"]}},
        {"rows": {"transport": ["off * smtp:[192.0.2.9]"]}},
    ),
    (
        "transport-into-filter",
        {"rows": {"transport": ["a.example mpa:x"]}},
        {"rows": {"transport": ["a.example hold"]}},
    ),
    ("transport-local", {"rows": {"transport": ["a.example local:"]}}, {"rows": {"transport": ["a.example lmtp:x"]}}),
    ("transport-raw", {"rows": {"transport": ["user@ smtp:x"]}}, {"rows": {"transport": ["a.example discard:"]}}),
    (
        "transport-service-unknown",
        {"rows": {"transport": ["a.example slow:"]}},
        {"rows": {"transport": ["a.example slow:"]}, "master": "slow unix - - n - 1 smtp"},
    ),
    (
        "transport-to-this-gateway",
        {"rows": {"transport": ["a.example relay:[192.0.2.1]:2525"]}},
        {"rows": {"transport": ["off a.example relay:[192.0.2.1]:2525"]}},
    ),
    (
        "transport-to-this-gateway",
        {"rows": {"transport": ["a.example smtp:[127.0.0.1]:2525"]}},
        {"rows": {"transport": ["a.example smtp:[127.0.0.1]:2526"]}},
    ),
    (
        "verify-refresh-too-late",
        {"settings": {"verify-negative-refresh": "4d"}},
        {"settings": {"verify-negative-refresh": "1h"}},
    ),
    (
        "after-limit-below-before",
        {"master": "2525 inet n - n - - smtpd -o message_size_limit=99999999"},
        {"master": "2525 inet n - n - - smtpd -o message_size_limit=9999"},
    ),
    (
        "listen-address-not-here",
        {"settings": {"listen-on": "198.51.100.1:25"}},
        {"settings": {"listen-on": "192.0.2.1:25, 127.0.0.1:26"}},
    ),
]

CASES = sorted([*_OTHERS, *TEXT_CASES], key=lambda case: case[0])
