"""Broken configurations that Postfix takes without a word or dies of: how each is entered here, and who refuses it.

Each `Broken` is one way to break a gateway that the product lets somebody type. `caught_by` says who stops it:

    edge        it is refused when it is entered; no draft ever holds it
    model       the check of the whole state finds it (`code`), before Postfix is asked
    probe       only the real Postfix finds it: postconf, postmap, or a probe of every listener
    rehearsal   it shows only when mail flows
    harmless    Postfix is not hurt: what was typed means something sound in the rendered files

The table is data for tests of the model and for tests on a running gateway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

CaughtBy = Literal["edge", "model", "probe", "rehearsal", "harmless"]
BY_TABLE = "hash:$maps_d_dir/hash-t.map"


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken configuration on top of a healthy one; rows are lines of plain text or fields, by noun."""

    name: str
    caught_by: CaughtBy
    code: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[str | dict[str, Any]]] = field(default_factory=dict)
    main: str = ""
    master: str = ""
    tables: dict[tuple[str, str], str] = field(default_factory=dict)


def _main(name: str, line: str, code: str = "own-line-value") -> Broken:
    return Broken(name, "model", code, main=line)


def _row(name: str, noun: str, line: str | dict[str, Any]) -> Broken:
    return Broken(name, "edge", rows={noun: [line]})


BROKEN: tuple[Broken, ...] = (
    # Form of main.cf
    _main("a line without an equals sign", "hello", "own-line-not-understood"),
    Broken("a byte order mark before the first line", "harmless", main="\ufeffmail_name = x"),
    Broken("Windows line ends", "harmless", main="mail_name = x\r\nsmtpd_timeout = 200s\r\n"),
    _main("a ${ that is never closed", "mail_name = ${myhostname", "own-line-dollar"),
    _main("parameters defined by each other", "a = $b\nb = $a\nmail_name = $a", "own-line-circle"),
    _main("a misspelt parameter", "smtpd_helo_require = yes", "own-line-unknown-parameter"),
    Broken(
        "a misspelt parameter of a service",
        "model",
        "own-line-unknown-parameter",
        master="slow unix - - n - - smtp -o smtp_helo_tmeout=5s",
    ),
    _main("a reference to nothing", "mail_name = $nowhere_defined", "own-line-undefined"),
    _main("a dollar before a blank", "smtpd_banner = costs $ 5", "own-line-dollar"),
    _main("a parameter twice", "mail_name = a\nmail_name = b", "own-line-twice"),
    _main("a comment after a value", "mydomain = example.org # ours", "own-line-comment"),
    _main("a first line that continues what is before it", "  mail_name = x", "own-lines-continue-generated"),
    # Form of master.cf
    Broken("a service with a column too few", "model", "own-service-not-understood", master="slow unix - - n - smtp"),
    Broken(
        "a service with an impossible column", "model", "own-service-not-understood", master="s unix - - x - - smtp"
    ),
    Broken("a service with an unknown program", "model", "own-service-program", master="slow unix - - n - - smtpx"),
    Broken(
        "an option without an equals sign",
        "model",
        "own-option-not-understood",
        master="slow unix - - n - - smtp -o smtp_bind_address",
    ),
    Broken(
        "an option with blanks around its equals sign",
        "model",
        "own-option-not-understood",
        master="slow unix - - n - - smtp -o smtp_helo_timeout = 5s",
    ),
    Broken(
        "a service twice",
        "model",
        "own-service-twice",
        master="slow unix - - n - - smtp\nslow unix - - n - 1 smtp",
    ),
    Broken("a service on a port in use", "model", "own-service-inner", master="10026 inet n - n - - smtpd"),
    # Values of the wrong kind
    _main("a size with a unit", "message_size_limit = 10MB"),
    _main("a size beyond what Postfix can count", "message_size_limit = 9223372036854775808"),
    _main("a negative size", "message_size_limit = -1"),
    _main("a time with an unknown unit", "smtpd_timeout = 5x"),
    _main("a switch that is neither yes nor no", "smtpd_helo_required = maybe"),
    _main("a reject code with two digits", "unverified_sender_reject_code = 45"),
    _main("a reject code beyond 599", "unverified_sender_reject_code = 999"),
    _main("an unknown way with bare newlines", "smtpd_forbid_bare_newline = maybe"),
    _main("unknown protocols", "inet_protocols = ipv5"),
    _main("an unknown compatibility level", "compatibility_level = newest"),
    _main("an unknown feature that matches parents", "parent_domain_matches_subdomains = relay"),
    _main("a verification cache that cannot be written", "address_verify_map = cdb:$data_directory/verify"),
    _main("an empty relay transport", "relay_transport =", "own-line-next-hop"),
    _main("an empty default transport", "default_transport =", "own-line-next-hop"),
    Broken("more free space than any disk has", "probe", main="queue_minfree = 900000000000000000"),
    # Who may relay
    _main(
        "a misspelt restriction", "smtpd_client_restrictions = reject_unknown_cleint_hostname", "own-line-restriction"
    ),
    _main(
        "a restriction without its argument", "smtpd_client_restrictions = reject_rbl_client", "own-line-restriction"
    ),
    _main(
        "no list that refuses foreign destinations",
        "smtpd_relay_restrictions = permit_mynetworks",
        "own-line-opens-relay",
    ),
    _main(
        "permit before reject_unauth_destination",
        "smtpd_relay_restrictions = permit, reject_unauth_destination",
        "own-line-unreachable",
    ),
    _main("everybody in mynetworks", "mynetworks = 0.0.0.0/0", "own-line-opens-relay"),
    _main("every domain a relay domain", "relay_domains = static:all", "own-line-opens-relay"),
    _main("a network that is none", "mynetworks = 10.0.0.0/33", "own-line-client"),
    _main("a network with host bits", "mynetworks = 10.0.0.1/8", "own-line-client"),
    _main("a network of one digit", "mynetworks = 0/0", "own-line-client"),
    _main("an octet prefix in mynetworks", "mynetworks = 10.9", "own-line-client"),
    _main("an impossible address in mynetworks", "mynetworks = 300.1.1.1", "own-line-client"),
    _main("a name in mynetworks", "mynetworks = foo", "own-line-client"),
    _main("an IPv6 network without brackets", "mynetworks = 2001:db8::/32", "own-line-client"),
    _row("everybody in My networks", "network", "0.0.0.0/0"),
    _row("host bits in My networks", "network", "192.168.1.1/24"),
    _row("a top-level domain as relay domain", "relay-domain", "com"),
    # Tables
    Broken("an octet prefix in a cidr table", "model", "table-cidr-pattern", tables={("cidr", "t"): "192.168.88 OK\n"}),
    Broken(
        "a network in a table of whole keys", "model", "table-key-network", tables={("hash", "t"): "10.0.0.0/8 OK\n"}
    ),
    Broken("a prefix that ends with a dot", "model", "table-key-network", tables={("hash", "t"): "10.9.77. OK\n"}),
    Broken(
        "an IPv6 key that is not compressed",
        "model",
        "table-key-network",
        tables={("hash", "t"): "2001:db8:0:0::1 OK\n"},
    ),
    _main("a table that does not exist", f"transport_maps = {BY_TABLE}", "table-missing"),
    _main("a table of an unknown type", "transport_maps = strange:$maps_d_dir/x", "own-line-map-type"),
    _main("a password table that does not exist", f"smtp_sasl_password_maps = {BY_TABLE}", "table-missing"),
    _main("checks that do not exist", "header_checks = pcre:$maps_d_dir/pcre-t.map", "table-missing"),
    Broken("a missing file of aliases", "rehearsal", main="alias_maps = hash:/etc/aliases"),
    Broken("a key without value", "model", "table-line-without-value", tables={("hash", "t"): "a.example\n"}),
    Broken("a key twice", "model", "table-key-twice", tables={("hash", "t"): "a.example x\na.example y\n"}),
    Broken(
        "an unknown action in an access table",
        "model",
        "table-action-unknown",
        main=f"smtpd_client_restrictions = check_client_access {BY_TABLE}",
        tables={("hash", "t"): "10.1.2.3 FROBNICATE\n"},
    ),
    # Checks
    Broken("a pattern that does not compile", "probe", rows={"header-check": ["/(/ REJECT"]}),
    _row("a pattern without its closing slash", "header-check", "/^Subject: x REJECT"),
    _row("an unknown flag", "header-check", "/^Subject/e REJECT"),
    _row("an unknown action", "header-check", "/^Subject/ DESTROY"),
    _row("a rule without action", "header-check", "/^Subject/"),
    Broken("an if without endif", "model", "check-block-not-ended", rows={"header-check": ["if /^X/", "/^X-A/ WARN"]}),
    Broken(
        "a filter around the agent",
        "model",
        "check-bypasses-mpa",
        rows={"header-check": ["/^X/ FILTER smtp:[192.0.2.9]:25"]},
    ),
    # DNS lists
    _row("a DNS list with a bad character", "rbl", "bad_zone!"),
    _row("a DNS list with an empty label", "rbl", "a..b"),
    Broken("a DNS list with a trailing dot", "harmless", rows={"rbl": ["bl.example.net.=127.0.0.2"]}),
    _row("an answer of three parts", "rbl", "bl.example.net=127.0.0"),
    _row("an answer beyond 255", "rbl", "bl.example.net=127.0.0.300"),
    # Where mail goes
    Broken("a relay host with an open bracket", "edge", settings={"external-relay-host": "[host.example"}),
    Broken("a relay host with a word for a port", "edge", settings={"external-relay-host": "host.example:abc"}),
    Broken("a relay host with a blank for a colon", "edge", settings={"external-relay-host": "host.example 25"}),
    _main("relayhost with an open bracket", "relayhost = [host.example", "own-line-next-hop"),
    _main("relayhost with a word for a port", "relayhost = host.example:abc", "own-line-next-hop"),
    _main("relayhost with a blank for a colon", "relayhost = host.example 25", "own-line-next-hop"),
    Broken(
        "a transport by an unknown service",
        "model",
        "transport-service-unknown",
        rows={"transport": ["a.example slow:x"]},
    ),
    _main("a content filter by an unknown service", "content_filter = scan:x", "own-line-bypasses-mpa"),
    Broken(
        "re-injection that is filtered again",
        "model",
        "own-service-inner",
        master="127.0.0.1:10026 inet n - n - - smtpd",
    ),
    Broken(
        "an internal relay host that is this gateway",
        "model",
        "relay-host-is-this-gateway",
        settings={"internal-relay-host": "gw.example.org:2525"},
    ),
    # Sizes that do not fit together
    _main("mailboxes smaller than messages", "mailbox_size_limit = 1000", "own-line-mailbox-limit"),
    Broken(
        "a listener that takes more than comes back",
        "model",
        "after-limit-below-before",
        settings={"after-filter-size-limit": "1 MiB"},
    ),
    Broken("a message of any size", "edge", settings={"before-filter-size-limit": 0}),
    # Names
    _main("no name", "myhostname =", "own-line-host-name"),
    _main("a name of one label", "myhostname = gw", "own-line-host-name"),
    Broken("My hostname of one label", "edge", settings={"my-hostname": "gw"}),
    _main("a HELO name that is none", "smtp_helo_name = bad name!", "own-line-host-name"),
    Broken("SMTP HELO name that is none", "edge", settings={"smtp-helo-name": "bad name!"}),
    Broken(
        "a relay domain that is My hostname",
        "model",
        "hostname-is-relay-domain",
        rows={"relay-domain": ["gw.example.org"]},
    ),
    _main("a relay domain in mydestination", "mydestination = example.com", "own-line-local-relay-domain"),
    Broken(
        "an address that is not here", "model", "listen-address-not-here", settings={"listen-on": "198.51.100.77:2525"}
    ),
    Broken("interfaces that cannot be resolved", "probe", main="inet_interfaces = nowhere.invalid"),
    # TLS and secrets
    Broken("a certificate without its key", "model", "tls-key-missing", settings={"tls-certificate": "CERTIFICATE"}),
    Broken("a certificate file that is missing", "probe", main="smtpd_tls_cert_file = /etc/ssl/certs/none.pem"),
    Broken(
        "a login for another spelling of the next hop",
        "model",
        "sasl-key-other-spelling",
        settings={"external-relay-host": "smtp.example.net:587"},
        rows={"sasl": [{"host": "smtp.example.net", "user": "u", "password": "s1"}]},
    ),
    # Root's own business
    _main("a data directory of somebody else", "data_directory = /tmp", "own-line-never"),
    _main("programs from elsewhere", "daemon_directory = /tmp", "own-line-never"),
    _main("tables from elsewhere", "mydestination = /etc/shadow", "own-line-path"),
    # What only shows when mail flows
    Broken("a mail filter that is dead", "rehearsal", main="smtpd_milters = inet:127.0.0.1:1"),
    Broken(
        "a policy service that is dead",
        "rehearsal",
        main="smtpd_sender_restrictions = check_policy_service unix:private/none",
    ),
)
