"""Every broken configuration of the measured list, on a private Postfix without any model in front of it.

A probe must find the first list, with words that name the fault; the second needs a delivery, so a full rehearsal. Of
the third Postfix has no word to say: that is refused by the model before a file is written (`broken_configurations`).
`{conf}`, `{data}` and `{port}` stand for the directories and the public port.
"""

from __future__ import annotations

from dataclasses import dataclass, field

POLICY = """\
{"format": 1, "hostname": "gw.example.test", "listen": "127.0.0.1:10025", "reinject": "127.0.0.1:{port}",
 "reinject_connections": 10, "after_filter_size_limit": 30000000, "bare_newline": "normalize", "hop_limit": 50,
 "own_hop_limit": 10}
"""


@dataclass(frozen=True)
class Broken:
    """A change to a configuration that is good, and words of the finding that must come of it."""

    name: str
    words: str = ""
    main: dict[str, str | None] = field(default_factory=dict)
    raw: str = ""
    master: str = ""
    files: dict[str, str] = field(default_factory=dict)
    listener_options: str = ""


FOUND = (
    Broken("line without =", "missing '='", raw="foo\n"),
    Broken("utf-8 byte order mark", "main.cf", raw="\ufeffmydomain = example.test\n"),
    Broken("${ not closed", "macro", {"smtpd_banner": "${myhostname"}),
    Broken("parameters defined by each other", "", {"myorigin": "$mydomain", "mydomain": "$myorigin"}),
    Broken("misspelt parameter", "smtpd_helo_requird", {"smtpd_helo_requird": "yes"}),
    Broken(
        "misspelt parameter in -o", "smtpd_helo_requird", listener_options=" -o smtpd_helo_requird=yes"
    ),
    Broken("undefined $name", "no_such_name", {"mydestination": "$no_such_name"}),
    Broken("$ and a blank", "costs $ 5", {"smtpd_banner": "costs $ 5"}),
    Broken("parameter twice", "smtpd_helo_required", raw="smtpd_helo_required = yes\nsmtpd_helo_required = no\n"),
    Broken("master.cf with a short line", "master.cf", master="zz\n"),
    Broken("master.cf with a bad field", "master.cf", master="smtp inet q - n - - smtpd\n"),
    Broken("master.cf names an unknown program", "nosuchd", master="nosuch unix - - n - - nosuchd\n"),
    Broken("-o without =", "", listener_options=" -o smtpd_helo_required"),
    Broken("-o with blanks", "", listener_options=" -o smtpd_helo_required = yes"),
    Broken("number with a unit", "message_size_limit", {"message_size_limit": "10MB"}),
    Broken("time with a bad unit", "smtpd_timeout", {"smtpd_timeout": "5x"}),
    Broken("switch that is neither yes nor no", "smtpd_helo_required", {"smtpd_helo_required": "maybe"}),
    Broken("reject code 999", "reject_code", {"unverified_recipient_reject_code": "999"}),
    Broken("reject code 45", "reject_code", {"unverified_recipient_reject_code": "45"}),
    Broken("refusal with code 999", "999 5.7.1", {"relay_domains_reject_code": "999"}),
    Broken("size of 2^63", "message_size_limit", {"message_size_limit": "9223372036854775808"}),
    Broken("bare newline maybe", "smtpd_forbid_bare_newline", {"smtpd_forbid_bare_newline": "maybe"}),
    Broken("relay_transport empty", "relay_transport", {"relay_transport": ""}),
    Broken("default_transport empty", "default_transport", {"default_transport": ""}),
    Broken(
        "misspelt restriction", "reject_unath",
        {"smtpd_recipient_restrictions": "reject_unath, permit_mynetworks"},
    ),
    Broken(
        "misspelt restriction at the end of data", "reject_wrong",
        {"smtpd_end_of_data_restrictions": "reject_wrong"},
    ),
    Broken(
        "no reject_unauth_destination", "reject_unauth_destination",
        {"smtpd_relay_restrictions": "", "smtpd_recipient_restrictions": "permit_mynetworks"},
    ),
    Broken(
        "permit before reject_unauth_destination", "permit",
        {
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "smtpd_recipient_restrictions": "permit_mynetworks, permit, reject_unauth_destination",
        },
    ),
    Broken("mynetworks with /33", "mynetworks", {"mynetworks": "10.0.0.0/33"}),
    Broken("mynetworks with host bits", "mynetworks", {"mynetworks": "10.0.0.1/8"}),
    Broken("mynetworks 0/0", "mynetworks", {"mynetworks": "0/0"}),
    Broken("mynetworks IPv6 without brackets", "2001", {"mynetworks": "2001:db8::/32"}),
    Broken(
        "cidr file with a bad line", "line 2",
        {"smtpd_client_restrictions": "check_client_access cidr:{conf}/t"},
        files={"t": "10.0.0.0/8 OK\n10.0.0.0/99 REJECT\n"},
    ),
    Broken(
        "cidr file with octets", "192.168.88",
        {"smtpd_client_restrictions": "check_client_access cidr:{conf}/t"},
        files={"t": "192.168.88 REJECT\n"},
    ),
    Broken("table file missing", "/nope", {"transport_maps": "lmdb:/nope"}),
    Broken("access table missing", "/nope", {"smtpd_client_restrictions": "check_client_access hash:/nope"}),
    Broken("relay_domains table missing", "/nope", {"relay_domains": "lmdb:/nope"}),
    Broken("unknown table type", "wrongtype", {"transport_maps": "wrongtype:/etc/hostname"}),
    Broken("alias_maps missing", "/nope", {"alias_maps": "hash:/nope"}),
    Broken("sasl table missing", "/nope", {"smtp_sasl_password_maps": "lmdb:/nope"}),
    Broken("sasl table of a wrong type", "lmbd", {"smtp_sasl_password_maps": "lmbd:/nope"}),
    Broken("pcre that is no expression", "line 1", {"header_checks": "pcre:{conf}/t"}, files={"t": "/(/ REJECT\n"}),
    Broken("pcre without closing /", "line 1", {"header_checks": "pcre:{conf}/t"}, files={"t": "/x REJECT\n"}),
    Broken("IF without ENDIF", "IF", {"header_checks": "pcre:{conf}/t"}, files={"t": "if /x/\n/y/ REJECT\n"}),
    Broken("pcre with flag e", "option", {"header_checks": "pcre:{conf}/t"}, files={"t": "/x/e REJECT\n"}),
    Broken(
        "header_checks rule without action", "line 1", {"header_checks": "pcre:{conf}/t"}, files={"t": "/x/\n"}
    ),
    Broken("header_checks missing", "/nope", {"header_checks": "pcre:/nope"}),
    Broken("reject_rbl_client without argument", "", {"smtpd_client_restrictions": "reject_rbl_client"}),
    Broken(
        "RBL filter 127.0.0", "127.0.0", {"smtpd_client_restrictions": "reject_rbl_client rbl.test=127.0.0"}
    ),
    Broken(
        "RBL filter 127.0.0.300", "300",
        {"smtpd_client_restrictions": "reject_rbl_client rbl.test=127.0.0.300"},
    ),
    Broken("content_filter names no service", "nosuch", {"content_filter": "nosuch:[127.0.0.1]:10025"}),
    Broken("default_transport names no service", "nosuch", {"default_transport": "nosuch:[mx.example.net]"}),
    Broken(
        "message_size_limit above mailbox_size_limit", "mailbox_size_limit",
        {"message_size_limit": "2000000", "mailbox_size_limit": "1000000"},
        master="local unix - n n - - local\n",
    ),
    Broken("negative size limit", "message size limit", {"message_size_limit": "-5"}),
    Broken("queue_minfree larger than any disk", "452", {"queue_minfree": "9000000000000000"}),
    Broken("myhostname empty", "myhostname", {"myhostname": ""}),
    Broken("myhostname no host name", "myhostname", {"myhostname": "gw_.example..test"}),
    Broken("inet_interfaces not here", "inet_interfaces", {"inet_interfaces": "198.51.100.99"}),
    Broken("inet_interfaces no such name", "inet_interfaces", {"inet_interfaces": "no-such-host.invalid"}),
    Broken("inet_protocols garbage", "inet_protocols", {"inet_protocols": "ipv5"}),
    Broken("compatibility_level garbage", "compatibility_level", {"compatibility_level": "new"}),
    Broken(
        "certificate missing", "STARTTLS",
        {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": "/nope.pem"},
    ),
    Broken("verify cache of type cdb", "cdb", {"address_verify_map": "cdb:{data}/verify"}),
    Broken("service missing in master.cf", "proxymap", {"relay_domains": "proxy:lmdb:{conf}/t"}),
    Broken("bad time for the delivering smtp", "smtp_connect_timeout", {"smtp_connect_timeout": "5x"}),
    Broken("bad number for the queue manager", "qmgr_message_active_limit", {"qmgr_message_active_limit": "many"}),
    Broken("bad number for bounce", "bounce_size_limit", {"bounce_size_limit": "50k"}),
    Broken("policy of TLS that does not exist", "smtp_tls_security_level", {"smtp_tls_security_level": "perhaps"}),
    Broken("relayhost not closed", "[mx", {"relayhost": "[mx.example.net"}),
    Broken("relayhost with a port that is none", "abc", {"relayhost": "mx.example.net:abc"}),
    Broken("relayhost with a blank", "25", {"relayhost": "mx.example.net 25"}),
    Broken(
        "transport table names no service", "nosuch", {"transport_maps": "inline:{{relay.test=nosuch:x}}"}
    ),
    Broken(
        "unknown action in an access table for one client", "FROBNICATE",
        {"smtpd_client_restrictions": "check_client_access cidr:{conf}/t"}, files={"t": "192.0.2.77 FROBNICATE\n"},
    ),
    Broken(
        "header_checks with an unknown action", "FROBNICATE",
        {"header_checks": "pcre:{conf}/t"}, files={"t": "/^X-Never/ FROBNICATE\n"},
    ),
    Broken("mynetworks is everybody", "mynetworks", {"mynetworks": "0.0.0.0/0"}),
    Broken("relay_domains is everything", "relay_domains", {"relay_domains": "static:all"}),
    Broken(
        "public limit above that of main.cf", "message_size_limit",
        {"message_size_limit": "100000"}, listener_options=" -o message_size_limit=200000",
    ),
    Broken("RBL zone with two dots", "a..b", {"smtpd_client_restrictions": "reject_rbl_client a..b"}),
    Broken("RBL zone with a bad sign", "bad_zone!", {"smtpd_client_restrictions": "reject_rbl_client bad_zone!"}),
    Broken("master.cf service twice", "smtp", master="smtp unix - - n - - smtp\n"),
)  # fmt: skip

ONLY_WARNED_OF = {"parameter twice", "master.cf service twice"}
"""An administrator's own line may well replace a generated one."""

NEEDS_DELIVERY = (
    Broken(
        "re-injection filters again", "content_filter", {"content_filter": "lmtp:inet:127.0.0.1:10025"},
        files={"policy.json": POLICY},
    ),
)  # fmt: skip

NO_WORD_FROM_POSTFIX = (
    Broken("# after a value", main={"relay_domains": "relay.test # ours"}),
    Broken("mynetworks with octets", main={"mynetworks": "10.9"}),
    Broken("mynetworks with an address that is none", main={"mynetworks": "300.1.1.1"}),
    Broken("mynetworks with a word", main={"mynetworks": "foo"}),
    Broken("smtp_helo_name no host name", main={"smtp_helo_name": "bad name!"}),
    Broken("myhostname of one label", main={"myhostname": "gw"}),
    Broken("relay domain is local too", main={"mydestination": "relay.test", "local_transport": "error:5.1.1 no"}),
    Broken("parent matching of an unknown word", main={"parent_domain_matches_subdomains": "wrong_word"}),
    Broken("refusal of an access table with code 999", main={"access_map_reject_code": "999"}),
)  # fmt: skip
