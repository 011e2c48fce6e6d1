"""Releases that do not do what the pages say: main.cf is spoilt behind the renderer's back, and a promise must notice.

Each case is a sane desired state, lines put at the end of the main.cf that was rendered from it (the last one counts),
and the promise that breaks. No own line excuses it, for the state has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sealgate.link.messages import Grade

SETTINGS = {"my-hostname": "gw.example.com"}
ROWS: dict[str, list[Any]] = {"relay-domain": ["example.com"], "network": ["10.0.0.0/24"]}


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One broken promise. `blames` are words of the place that the verdict must name; `replaced` texts of main.cf."""

    name: str
    promise: str
    lines: str = ""
    blames: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)
    grade: Grade = Grade.PROBE


_FULL = Grade.FULL
_HOP = {"host": "exchange.example.com", "port": 25, "mx": False}
_LOGIN = {"host": "smtp.isp.example", "port": 587, "user": "office", "password": "s1"}
_ISP = {"external-relay-host": {"host": "smtp.isp.example", "port": 587, "mx": False}}
_RBL = {"rbl": [{"zone": "zen.example.net"}]}
_VERIFY = {"internal-relay-host": _HOP, "reject-unverified-recipient": True, "unverified-recipient-reject-code": 550}

SABOTAGE: tuple[Sabotage, ...] = (
    Sabotage("nobody is trusted", "trusted-clients-can-relay", "mynetworks = 127.0.0.0/8", "network 10.0.0.0/24"),
    Sabotage(
        "a neighbour is trusted",
        "trusted-clients-can-relay",
        "mynetworks = 127.0.0.0/8 10.0.0.0/8",
        "network 10.0.0.0/24",
    ),
    Sabotage("no relay domain", "relay-domains-and-routes", "relay_domains =", "relay-domain example.com"),
    Sabotage(
        "subdomains count",
        "relay-domains-and-routes",
        "parent_domain_matches_subdomains = relay_domains\nrelay_domains = example.com",
        "match-subdomains",
    ),
    Sabotage(
        "another internal relay host",
        "relay-domains-and-routes",
        "relay_transport = relay:[elsewhere.example.com]",
        "internal-relay-host",
        {"internal-relay-host": _HOP},
    ),
    Sabotage(
        "another external relay host",
        "relay-domains-and-routes",
        "default_transport = smtp:[elsewhere.example.com]",
        "external-relay-host",
        _ISP,
    ),
    Sabotage(
        "a transport table that is not asked",
        "relay-domains-and-routes",
        "transport_maps =",
        "transport partner.example",
        rows={"transport": [{"pattern": "partner.example", "host": "192.0.2.9"}]},
    ),
    Sabotage(
        "incoming mail that goes out again",
        "mail-reaches-its-next-hop",
        "relay_transport = relay:[elsewhere.example.com]",
        "internal-relay-host",
        {"internal-relay-host": _HOP},
        grade=_FULL,
    ),
    Sabotage(
        "another port",
        "mail-reaches-its-next-hop",
        "default_transport = smtp:[smtp.isp.example]",
        "external-relay-host",
        _ISP,
        grade=_FULL,
    ),
    Sabotage(
        "no login",
        "mail-reaches-its-next-hop",
        "smtp_sasl_auth_enable = no",
        "sasl",
        _ISP,
        {"sasl": [_LOGIN]},
        grade=_FULL,
    ),
    Sabotage(
        "TLS is not used", "mail-reaches-its-next-hop", "smtp_tls_security_level = none", "tls-outgoing", grade=_FULL
    ),
    Sabotage(
        "TLS is used in spite of none",
        "mail-reaches-its-next-hop",
        "smtp_tls_security_level = may",
        "tls-outgoing",
        {"tls-outgoing": "none"},
        grade=_FULL,
    ),
    Sabotage(
        "mail that must be encrypted goes in clear",
        "tls-is-kept",
        "smtp_tls_security_level = may",
        "tls-outgoing",
        {"tls-outgoing": "encrypt"},
        grade=_FULL,
    ),
    Sabotage(
        "the black list is not asked",
        "static-lists",
        "smtpd_client_restrictions = permit_mynetworks",
        "black 198.51.100.0/24",
        rows={"black": ["198.51.100.0/24"]},
    ),
    Sabotage(
        "the white list is not asked",
        "static-lists",
        "smtpd_client_restrictions = check_client_access static:REJECT",
        "white 198.51.100.7",
        rows={"white": ["198.51.100.7"]},
    ),
    Sabotage(
        "the border takes any size",
        "size-limits",
        "message_size_limit = 2000000",
        "after-filter-size-limit",
        {"before-filter-size-limit": "300 KiB", "after-filter-size-limit": "1 MiB"},
    ),
    Sabotage(
        "messages come back that are too large",
        "size-limits",
        "message_size_limit = 100000000",
        "after-filter-size-limit",
    ),
    Sabotage(
        "DNS lists are not asked",
        "dns-lists",
        "smtpd_client_restrictions = permit_mynetworks",
        "rbl zen.example.net",
        rows=_RBL,
        grade=_FULL,
    ),
    Sabotage(
        "a DNS list has everybody",
        "dns-lists",
        "smtpd_client_restrictions = check_client_access static:REJECT",
        "rbl",
        rows=_RBL,
        grade=_FULL,
    ),
    Sabotage(
        "recipients are not verified",
        "recipient-verification",
        "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination",
        "unverified-recipient",
        _VERIFY,
        grade=_FULL,
    ),
    Sabotage(
        "unknown recipients get another code",
        "recipient-verification",
        "unverified_recipient_reject_code = 450",
        "unverified-recipient-reject-code",
        _VERIFY,
        grade=_FULL,
    ),
    Sabotage(
        "header checks are not asked",
        "checks-fire",
        "header_checks =",
        "header-check 1",
        rows={"header-check": [{"pattern": "/^Subject: make money fast/", "action": "REJECT spam detected"}]},
        grade=_FULL,
    ),
    Sabotage(
        "body checks are not asked",
        "checks-fire",
        "body_checks =",
        "body-check 1",
        rows={"body-check": [{"pattern": "/^buy pills/", "action": "DISCARD"}]},
        grade=_FULL,
    ),
    Sabotage(
        "bare line feeds end a message",
        "no-smuggling",
        "smtpd_forbid_bare_newline = no\nsmtpd_forbid_unauth_pipelining = no\nsmtpd_data_restrictions =",
        "bare-newline",
        grade=_FULL,
    ),
    Sabotage(
        "long lines are cut on their way out",
        "mail-passes-unchanged",
        "smtp_line_length_limit = 998",
        "node",
        grade=_FULL,
    ),
    Sabotage("untrusted routing", "strangers-cannot-relay", "allow_untrusted_routing = yes", "allow_untrusted_routing"),
    Sabotage("everybody is trusted", "strangers-cannot-relay", "mynetworks = static:all", "network"),
)
