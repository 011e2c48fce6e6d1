"""A state for every finding: one that has it, and the same put right.

Each case is `(code, broken, right)`; both states are what `tests.model.states.state` takes, on top of a healthy one.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import trustme
from tests.model.states import TODAY

AUTHORITY = trustme.CA()


def certificate(*names: str, until: dt.date = dt.date(2031, 1, 1)) -> str:
    end = dt.datetime.combine(until, dt.time(12), dt.UTC)
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return AUTHORITY.issue_cert(*names, not_before=start, not_after=end).cert_chain_pems[0].bytes().decode()


GOOD = certificate("gw.example.org")
LOGIN = {"host": "smtp.example.net", "port": 587, "user": "u", "password": "s1"}
RELAY = {"external-relay-host": "smtp.example.net:587"}

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
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
        "sasl-perhaps-in-clear",
        {"rows": {"sasl": [LOGIN]}, "settings": RELAY},
        {"rows": {"sasl": [LOGIN]}, "settings": RELAY | {"tls-outgoing": "encrypt"}},
    ),
    ("system-mail-lost", {"settings": {"default-forwarding": ""}}, {}),
    ("table-block-not-begun", {"tables": {("pcre", "t"): "endif\n"}}, {"tables": {("pcre", "t"): "if /a/\nendif\n"}}),
    ("table-block-not-ended", {"tables": {("cidr", "t"): "if 10.0.0.0/8\n"}}, {"tables": {("cidr", "t"): "::1 OK\n"}}),
    (
        "table-cidr-pattern",
        {"tables": {("cidr", "t"): "192.168.88 OK\n"}},
        {"tables": {("cidr", "t"): "192.168.88.0/24 OK\n!10.0.0.1 x\n"}},
    ),
    (
        "table-key-network",
        {"tables": {("hash", "t"): "10.0.0.0/8 OK\n"}},
        {"tables": {("hash", "t"): "10 OK\n10.1.2.3 OK\nin/out x\n"}},
    ),
    ("table-key-twice", {"tables": {("lmdb", "t"): "a x\nA y\n"}}, {"tables": {("lmdb", "t"): "a x\nb y\n"}}),
    ("table-line-alias", {"tables": {("hash", "t"): "root: joe\n"}}, {"tables": {("hash", "t"): "2001:db8::1 OK\n"}}),
    ("table-line-starts-blank", {"tables": {("hash", "t"): "# x\n  a b\n"}}, {"tables": {("hash", "t"): "a b\n  c\n"}}),
    (
        "table-line-without-value",
        {"tables": {("texthash", "t"): "a x\nb\n"}},
        {"tables": {("texthash", "t"): "a x\nb\n  y\n"}},
    ),
    ("table-line-without-value", {"tables": {("pcre", "t"): "/a/\n"}}, {"tables": {("pcre", "t"): "/a/ x\n"}}),
    ("table-line-without-value", {"tables": {("cidr", "t"): "10.0.0.1\n"}}, {"tables": {("cidr", "t"): "::1 x\n"}}),
    (
        "table-missing",
        {"main": "transport_maps = hash:$maps_d_dir/hash-t.map"},
        {"main": "transport_maps = hash:$maps_d_dir/hash-t.map", "tables": {("hash", "t"): "a b\n"}},
    ),
    (
        "table-missing",
        {"main": "transport_maps = pcre:$maps_d_dir/pcre-t.map", "tables": {("hash", "t"): "a b\n"}},
        {"main": "transport_maps = pcre:${maps_d_dir}/pcre-t.map", "tables": {("pcre", "t"): "/a/ b\n"}},
    ),
    (
        "table-not-used",
        {"tables": {("hash", "t"): "a b\n"}},
        {
            "tables": {("hash", "t"): "a b\n"},
            "master": "x unix - - n - - smtp -o smtp_generic_maps=hash:/srv/gw/conf/maps.d/hash-t.map",
        },
    ),
    ("table-pattern-line", {"tables": {("pcre", "t"): "/a b\n"}}, {"tables": {("pcre", "t"): "/a b/ x\n!/c/i y\n"}}),
    ("table-pattern-line", {"tables": {("regexp", "t"): "/a/s b\n"}}, {"tables": {("pcre", "t"): "/a/s b\n"}}),
    ("table-slow-pattern", {"tables": {("pcre", "t"): "/(a|a)*$/ x\n"}}, {"tables": {("pcre", "t"): "/(a|b)*$/ x\n"}}),
    ("table-type-missing", {"tables": {("cdb", "t"): "a b\n"}}, {"tables": {("lmdb", "t"): "a b\n"}}),
    ("table-type-replaced", {"tables": {("btree", "t"): "a b\n"}}, {"tables": {("hash", "t"): "a b\n"}}),
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
        "own-line-bypasses-mpa",
        {"main": "content_filter ="},
        {"main": "content_filter = mpa:inet:127.0.0.1:10025"},
    ),
    (
        "own-line-bypasses-mpa",
        {"master": "587 inet n - n - - smtpd -o content_filter="},
        {"master": "587 inet n - n - - smtpd"},
    ),
    ("own-line-client", {"main": "mynetworks = 10.0.0.1/8"}, {"main": "mynetworks = 10.0.0.0/8, [2001:db8::]/32"}),
    ("own-line-client", {"main": "mynetworks = 2001:db8::/32"}, {"main": "mynetworks = $mydestination"}),
    ("own-line-client", {"main": "mynetworks = mail.example.com"}, {"main": "mynetworks = !10.0.0.1 10.0.0.0/8"}),
    ("own-line-comment", {"main": "mail_name = x\nmydomain = a.example # y"}, {"main": "mail_name = Post # box"}),
    ("own-line-dollar", {"main": "smtpd_banner = costs $ 5"}, {"main": "smtpd_banner = costs $$ 5"}),
    ("own-line-dollar", {"main": "smtpd_banner = ${mail_name"}, {"main": "smtpd_banner = ${mail_name?{x}:{y}}"}),
    ("own-line-host-name", {"main": "myhostname = gw"}, {"main": "myhostname = gw.example.net"}),
    ("own-line-host-name", {"main": "smtp_helo_name = bad name!"}, {"main": "smtp_helo_name = $myhostname"}),
    (
        "own-line-local-relay-domain",
        {"main": "mydestination = localhost, example.com"},
        {"main": "mydestination = localhost"},
    ),
    ("own-line-mailbox-limit", {"main": "mailbox_size_limit = 1000"}, {"main": "mailbox_size_limit = 0"}),
    ("own-line-map-type", {"main": "transport_maps = cdb:/srv/gw/conf/x"}, {"main": "transport_maps = inline:{a=b}"}),
    ("own-line-next-hop", {"main": "relayhost = [host"}, {"main": "relayhost = [host.example]:25"}),
    ("own-line-next-hop", {"main": "relayhost = host.example:abc"}, {"main": "relayhost = host.example:submission"}),
    ("own-line-next-hop", {"main": "relayhost = host.example 25"}, {"main": "relayhost ="}),
    ("own-line-next-hop", {"main": "relay_transport ="}, {"main": "relay_transport = relay:[mx.example.net]:26"}),
    ("own-line-next-hop", {"main": "default_transport = smtp:[x"}, {"main": "default_transport = smtp"}),
    ("own-line-not-understood", {"main": "hello\n"}, {"main": "# hello\n"}),
    ("own-line-opens-relay", {"main": "mynetworks = 0.0.0.0/0"}, {"main": "mynetworks = 192.0.2.0/24"}),
    ("own-line-opens-relay", {"main": "relay_domains = static:all"}, {"main": "relay_domains = a.example, .b.example"}),
    ("own-line-opens-relay", {"main": "relay_domains = com"}, {"main": "relay_domains ="}),
    (
        "own-line-opens-relay",
        {"main": "smtpd_relay_restrictions = permit_mynetworks"},
        {"main": "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination"},
    ),
    ("own-line-overrides", {"main": "myhostname = a.example.net"}, {"main": "smtpd_timeout = 5m"}),
    (
        "own-line-restriction",
        {"main": "smtpd_recipient_restrictions = reject_unverified_recipients"},
        {
            "main": "smtpd_recipient_restrictions = reject_unverified_recipient, check_client_access hash:x, c\n"
            "smtpd_restriction_classes = c\nc = warn_if_reject reject_rbl_client bl.example.net"
        },
    ),
    (
        "own-line-restriction",
        {"main": "smtpd_client_restrictions = reject_rbl_client"},
        {"main": "smtpd_client_restrictions = reject_rbl_client bl.example.net"},
    ),
    ("own-line-too-long", {"main": "".join(f"a{n + 1} = $a{n}$a{n}\n" for n in range(17)) + "a0 = xxxx"}, {}),
    ("own-line-twice", {"main": "mail_name = a\nmail_name = b"}, {"main": "mail_name = a"}),
    ("own-line-circle", {"main": "a = $b\nb = x$a"}, {"main": "a = $b\nb = $c\nc = x"}),
    (
        "own-line-opens-relay",
        {"main": "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = permit_mynetworks"},
        {"main": "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = reject_unauth_destination"},
    ),
    ("own-line-map-type", {"main": "transport_maps = strange:x"}, {"main": "transport_maps = static:discard"}),
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
    (
        "table-action-unknown",
        {
            "tables": {("hash", "t"): "10.1.2.3 FROBNICATE\n"},
            "main": "smtpd_client_restrictions = check_client_access hash:$maps_d_dir/hash-t.map",
        },
        {
            "tables": {("hash", "t"): "a REJECT x\nb OK\nc 450 y\nd reject_unverified_recipient, permit\ne f\n"},
            "main": "smtpd_client_restrictions = check_client_access hash:$maps_d_dir/hash-t.map\n"
            "smtpd_restriction_classes = f\nf = permit",
        },
    ),
    (
        "table-action-unknown",
        {"tables": {("pcre", "t"): "/x/ SMASH\n"}, "main": "header_checks = pcre:$maps_d_dir/pcre-t.map"},
        {
            "tables": {("pcre", "t"): "if /y/\n/x/ reject\nendif\n"},
            "main": "header_checks = pcre:$maps_d_dir/pcre-t.map",
        },
    ),
    (
        "table-bypasses-mpa",
        {
            "tables": {("cidr", "t"): "10.0.0.0/8 FILTER smtp:[192.0.2.9]\n"},
            "main": "smtpd_client_restrictions = check_client_access cidr:$maps_d_dir/cidr-t.map",
        },
        {
            "tables": {("cidr", "t"): "10.0.0.0/8 FILTER mpa:inet:127.0.0.1:10025\n"},
            "main": "smtpd_client_restrictions = check_client_access cidr:$maps_d_dir/cidr-t.map",
        },
    ),
    ("table-key-network", {"tables": {("hash", "t"): "10.9.77. OK\n"}}, {"tables": {("hash", "t"): "10.9.77 OK\n"}}),
    (
        "table-key-network",
        {"tables": {("hash", "t"): "2001:db8:0:0::1 OK\n"}},
        {"tables": {("hash", "t"): "2001:db8::1 OK\n2001:db8 OK\n"}},
    ),
    ("own-line-undefined", {"main": "mail_name = $nowhere"}, {"main": "mail_name = $here\nhere = x"}),
    ("own-line-unknown-parameter", {"main": "mynetwork = 10.0.0.0/8"}, {"main": "smtpd_timeout = 5m"}),
    (
        "own-line-unknown-parameter",
        {"main": "slow_destination_concurrency_limit = 1"},
        {"main": "slow_destination_concurrency_limit = 1", "master": "slow unix - - n - - smtp"},
    ),
    (
        "own-line-unknown-parameter",
        {"master": "x unix - - n - - smtp -o nonsense=1"},
        {"master": "x unix - - n - - smtp"},
    ),
    (
        "own-line-unreachable",
        {"main": "smtpd_recipient_restrictions = permit, reject_unauth_destination"},
        {"main": "smtpd_recipient_restrictions = reject_unauth_destination, permit"},
    ),
    ("own-line-value", {"main": "smtpd_helo_required = maybe"}, {"main": "smtpd_helo_required = yes"}),
    ("own-line-value", {"main": "smtpd_timeout = 5x"}, {"main": "smtpd_timeout = 5m"}),
    ("own-line-value", {"main": "message_size_limit = 10MB"}, {"main": "message_size_limit = 99999999"}),
    ("own-line-value", {"main": "message_size_limit = 9223372036854775808"}, {"main": "message_size_limit = 99999999"}),
    ("own-line-value", {"main": "unknown_client_reject_code = 45"}, {"main": "unknown_client_reject_code = 450"}),
    ("own-line-value", {"main": "unknown_client_reject_code = 999"}, {"main": "unknown_client_reject_code = 550"}),
    ("own-line-value", {"main": "smtpd_forbid_bare_newline = maybe"}, {"main": "smtpd_forbid_bare_newline = reject"}),
    ("own-line-value", {"main": "parent_domain_matches_subdomains = relay"}, {"main": "compatibility_level = 3.6"}),
    ("own-line-value", {"main": "inet_protocols = ipv5"}, {"main": "inet_protocols = ipv4, ipv6"}),
    ("own-line-value", {"main": "address_verify_map = cdb:x"}, {"main": "address_verify_map = lmdb:$data_directory/v"}),
    ("own-line-value", {"main": "compatibility_level = new"}, {"main": "compatibility_level = 3.7"}),
    ("own-lines-continue-generated", {"main": "# x\n  mail_name = a\n"}, {"main": "mail_name = a\n  b\n"}),
    ("own-option-not-understood", {"master": "x unix - - n - - smtp -o a"}, {"master": "x unix - - n - - smtp -v"}),
    (
        "own-option-not-understood",
        {"master": "x unix - - n - - smtp -o mail_name = y"},
        {"master": "x unix - - n - - smtp -o { mail_name = y z }"},
    ),
    ("own-service-not-understood", {"master": "x unix - - n - smtp"}, {"master": "x unix - - n - - smtp"}),
    ("own-service-not-understood", {"master": "x udp - - n - - smtp"}, {"master": "x pass - - n - - smtpd"}),
    ("own-service-not-understood", {"master": "x unix - - n z - smtp"}, {"master": "x unix - - n 60? - smtp"}),
    ("own-service-overrides", {"master": "smtp unix - - n - 9 smtp"}, {"master": "smtp2 unix - - n - 9 smtp"}),
    ("own-service-port", {"master": "192.0.2.1:2525 inet n - n - - smtpd"}, {"master": "2527 inet n - n - - smtpd"}),
    (
        "own-service-twice",
        {"master": "x unix - - n - - smtp\nx unix - - n - - lmtp"},
        {"master": "x unix - - n - - smtp\ny unix - - n - - lmtp"},
    ),
]
