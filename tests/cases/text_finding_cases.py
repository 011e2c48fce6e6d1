"""States for the findings about texts: own lines and look-up tables. See `finding_cases`."""

from __future__ import annotations

from typing import Any

TEXT_CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
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
