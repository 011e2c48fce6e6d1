"""Own lines never say what would make them root: paths of Postfix, foreign files, programs, false peers."""

from __future__ import annotations

import datetime as dt

import pytest

from sealgate.model.context import CheckContext, Permits
from sealgate.model.deny_list import NEVER
from sealgate.model.findings import Severity
from sealgate.model.parameters import OwnLines, deny_list

CONTEXT = CheckContext(dt.date(2030, 1, 1), config_dir="/srv/gw/postfix/conf")
LISTED = CheckContext(
    dt.date(2030, 1, 1),
    config_dir="/srv/gw/postfix/conf",
    permits=Permits(
        files=("/srv/certificates/", "/etc/mailname"),
        programs=("/usr/local/bin/archive",),
        peers=("192.0.2.0/24", "inet:192.0.2.7:4444:name", "0.0.0.0:2526"),
    ),
)


def codes(main: str = "", master: str = "", context: CheckContext = CONTEXT) -> list[str]:
    return [finding.code for finding in deny_list(OwnLines(main), OwnLines(master), context)]


@pytest.mark.parametrize(
    "name",
    [
        *sorted(NEVER), "daemon_directory", "command_directory", "config_directory", "queue_directory",
        "data_directory", "meta_directory", "shlib_directory", "process_id_directory", "mail_spool_directory",
        "readme_directory", "command_execution_directory",
    ],
)  # fmt: skip
def test_parameters_of_the_class_never_are_refused_everywhere(name):
    assert codes(f"{name} = x\n") == ["own-line-never"]
    assert codes("", f"extra unix - - n - - smtp -o {name}=x\n") == ["own-line-never"]
    assert codes("", f"extra unix - - n - - smtp -o {{ {name} = x }}\n") == ["own-line-never"]


@pytest.mark.parametrize(
    "line",
    [
        "smtpd_tls_CAfile = /etc/shadow",
        "mydestination = /etc/shadow",
        "mydestination = a.example,/etc/shadow",
        "mydestination = !/etc/shadow",
        "relay_domains = {/etc/shadow}",
        "header_checks = pcre:/etc/shadow",
        "header_checks=pcre:/home/user/checks",
        "virtual_alias_maps = proxy:hash:/etc/shadow",
        "virtual_alias_maps = unionmap:{hash:/etc/shadow}",
        "virtual_alias_maps = pipemap:{inline:{a=b}, texthash:/etc/shadow}",
        "smtpd_tls_CAfile = /etc/ssl/../shadow",
        "smtpd_tls_CAfile = /etc/ssl/./../shadow",
        "smtpd_tls_CAfile = /etc//shadow",
        "smtpd_tls_CAfile = ../../etc/shadow",
        "smtpd_tls_CAfile = passwords.txt",
        "smtpd_tls_CAfile = $daemon_directory/smtpd",
        "smtpd_tls_CAfile = ${data_directory}/sub/dir",
        "smtpd_tls_CAfile = ${x?/etc/shadow}",
        "smtpd_tls_CAfile = ${x?{/etc/shadow}:{/etc/passwd}}",
        "smtpd_tls_CAfile = ${x?{}:{}}/etc/shadow",
        "smtpd_tls_CAfile = $(x)/etc/shadow",
        "smtpd_tls_CAfile = ${x}../shadow",
        "tls_random_source = dev:/dev/mem",
        "x = /etc\nsmtpd_tls_CAfile = $x/shadow",
        "x = /",
        "smtpd_banner = /etc/shadow\nmydestination = $smtpd_banner",
        "smtpd_tls_CAfile = /srv/gw/postfix/confidential",
        "alias_maps = ldap:/tmp/x.cf",
        "smtpd_sender_restrictions = check_sender_access pcre:/tmp/x",
        "smtpd_tls_CAfile = pcre:{ /etc/shadow",
    ],
)
def test_a_file_outside_of_the_permitted_places_is_refused(line):
    assert "own-line-path" in codes(line)


@pytest.mark.parametrize(
    "line",
    [
        "smtpd_tls_CAfile = /etc/ssl/certs/ca-certificates.crt",
        "smtpd_tls_dh1024_param_file = auto",
        "smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map",
        "smtp_tls_policy_maps = hash:${maps_d_dir}/hash-tls-policy.map",
        "smtp_tls_policy_maps = hash:/srv/gw/postfix/conf/maps.d/hash-tls-policy.map",
        "virtual_alias_maps = proxy:hash:$config_directory/maps.d/hash-x.map",
        "smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache",
        "smtpd_milters = unix:/run/opendkim/opendkim.sock, inet:192.0.2.1:8891",
        "smtpd_sender_restrictions = check_policy_service unix:private/policy",
        "smtpd_sasl_path = private/auth",
        "mynetworks = 10.0.0.0/8, [2001:db8::]/32, !10.0.0.1/32",
        "smtpd_forbidden_commands = CONNECT GET POST regexp:{{/^[^A-Z]/ Bogus}}",
        "smtpd_banner = $myhostname ESMTP see /dev/null or https://example.com/",
        "unverified_recipient_reject_reason = and/or gone",
        "alias_maps = hash:/etc/aliases",
        "alias_maps =",
        "tls_random_source = dev:/dev/urandom",
        "smtpd_command_filter = pcre:$maps_d_dir/pcre-x.map",
        "content_filter = mpa:inet:127.0.0.1:10025",
        "smtpd_upstream_proxy_protocol =",
        "smtpd_authorized_xclient_hosts = 127.0.0.0/8 [::1] localhost",
        "virtual_alias_maps = socketmap:unix:/run/map:name, socketmap:inet:127.0.0.1:99:name, tcp:localhost:99",
        "# daemon_directory = /tmp",
        "smtpd_client_restrictions = check_client_access cidr:{{10.0.0.0/8 permit}}",
    ],
)
def test_ordinary_lines_are_free(line):
    assert codes(line) == []


def test_a_table_on_another_machine_needs_proof():
    assert codes("transport_maps = tcp:192.0.2.9:99") == ["own-line-needs-proof"]
    assert codes("transport_maps = proxy:tcp:192.0.2.9:99") == ["own-line-needs-proof"]
    assert codes("transport_maps = socketmap:inet:mail.example.com:99:x") == ["own-line-needs-proof"]
    assert codes("transport_maps = socketmap:inet:192.0.2.7:4444:name", context=LISTED) == []


@pytest.mark.parametrize("kind", ["environ", "nis", "nisplus", "netinfo"])
def test_tables_from_the_environment_of_the_machine_are_refused(kind):
    assert codes(f"relay_domains = {kind}:PATH") == ["own-line-map-never"]


def test_a_table_without_directory_is_refused():
    assert codes("transport_maps = hash:transport") == ["own-line-map-relative"]


@pytest.mark.parametrize("name", ["smtpd_authorized_xclient_hosts", "smtpd_authorized_xforward_hosts"])
@pytest.mark.parametrize(
    "value", ["192.0.2.1", "0.0.0.0/0", "$mynetworks", "static:all", "mail.example.com", "!127.0.0.1"]
)
def test_who_may_claim_to_be_another_client_needs_proof(name, value):
    assert "own-line-needs-proof" in codes(f"{name} = 127.0.0.1, {value}")


def test_a_peer_on_the_list_of_root_is_trusted():
    assert codes("smtpd_authorized_xclient_hosts = 192.0.2.9", context=LISTED) == []
    assert codes("smtpd_authorized_xclient_hosts = 192.0.0.0/16", context=LISTED) == ["own-line-needs-proof"]


def test_the_proxy_protocol_is_for_loopback_or_a_listed_service():
    line = "{} inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy\n"

    assert codes("smtpd_upstream_proxy_protocol = haproxy") == ["own-line-needs-proof"]
    assert codes("", line.format("2526")) == ["own-line-needs-proof"]
    assert codes("", line.format("0.0.0.0:2526")) == ["own-line-needs-proof"]
    assert codes("", line.format("127.0.0.1:2526")) == []
    assert codes("", line.format("[::1]:2526")) == []
    assert codes("", line.format("0.0.0.0:2526"), LISTED) == []


def test_files_and_programs_on_the_lists_of_root_are_permitted():
    main = "smtpd_tls_CAfile = /srv/certificates/a.pem\nmyorigin = /etc/mailname\n"
    master = "archive unix - n n - - pipe flags=R user=archive argv=/usr/local/bin/archive ${recipient}\n"

    assert codes(main, master, LISTED) == []


def test_alias_tables_other_than_etc_aliases_are_refused():
    assert codes("alias_maps = hash:$maps_d_dir/hash-aliases.map") == ["own-line-alias-table"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("x unix - - n - - /bin/sh -c id", "own-service-program"),
        ("x unix - - n - - ../../bin/sh", "own-service-program"),
        ("x unix - - n - - bash", "own-service-program"),
        ("x unix - n n - - pipe user=archive argv=/bin/sh", "own-service-program"),
        ("x unix - n n - - pipe user=archive", "own-service-program"),
        ("x unix - n n - - spawn user=archive argv=/usr/bin/id", "own-service-program"),
        ("x unix - n n - - pipe user=root argv=/usr/local/bin/archive", "own-service-user"),
        ("x unix - n n - - pipe user=0 argv=/usr/local/bin/archive", "own-service-user"),
        ("x unix - n n - - pipe user=archive:root argv=/usr/local/bin/archive", "own-service-user"),
        ("x unix - n n - - pipe user=postfix argv=/usr/local/bin/archive", "own-service-user"),
        ("x unix - n n - - pipe user=sealgate-mpa argv=/usr/local/bin/archive", "own-service-user"),
        ("x unix - n n - - pipe argv=/usr/local/bin/archive", "own-service-user"),
        ("x unix - n n - - pipe user=a directory=/root argv=/usr/local/bin/archive", "own-service-argument"),
        ("x unix - n n - - pipe user=a chroot=/tmp argv=/usr/local/bin/archive", "own-service-argument"),
        ("x unix - - n - - smtp -D", "own-service-argument"),
        ("x unix - - n - - smtp -c /tmp", "own-service-argument"),
        ("x unix - n n - - smtp", "own-service-privileged"),
        ("x unix - - y - - smtp", "own-service-chroot"),
        ("mpa unix - - n - - lmtp", "own-service-inner"),
        ("127.0.0.1:10026 inet n - n - - smtpd", "own-service-inner"),
        ("10026 inet n - n - - smtpd", "own-service-inner"),
        ("x unix - - n - - smtp -o smtp_tls_CAfile=/etc/shadow", "own-line-path"),
        ("x unix - - n - - smtp -o { smtp_tls_CAfile = /etc/shadow }", "own-line-path"),
        ("x unix - - n - - smtp -o a=/etc/shadow -o smtp_tls_CAfile=$a", "own-line-path"),
        ("x unix - - n - - smtp -osmtp_tls_CAfile=/etc/shadow", "own-line-path"),
        ("x inet n - n - - smtpd -o smtpd_authorized_xclient_hosts=0.0.0.0/0", "own-line-needs-proof"),
    ],
)
def test_services_that_could_become_root_or_leave_the_way_of_mail_are_refused(line, code):
    assert code in codes("", line, LISTED)


@pytest.mark.parametrize(
    "line",
    [
        "smtp unix - - n - 50 smtp -v",
        "2525 inet n - n - - smtpd\n  -o smtpd_helo_required=no\n  -o { smtpd_banner = gateway / here }",
        "slow unix - - n - 1 smtp -o smtp_tls_security_level=encrypt",
        "virtual unix - n n - - virtual",
        "127.0.0.1:10027 inet n - n - - smtpd",
    ],
)
def test_ordinary_services_are_free(line):
    assert codes("", line) == []


def test_an_own_name_of_main_cf_is_followed_in_options():
    assert "own-line-path" in codes("p = /etc/shadow\n", "x unix - - n - - smtp -o smtp_tls_CAfile=$p")


def test_names_that_refer_to_each_other_end():
    assert codes("a = $b\nb = $a\nc = $c$c$c\n") == []


def test_a_value_that_grows_without_end_is_refused():
    lines = "".join(f"a{n + 1} = $a{n}$a{n}\n" for n in range(40))

    assert "own-line-too-long" in codes(f"a0 = xxxx\n{lines}")


def test_a_line_that_is_not_understood_does_not_hide_the_next():
    assert codes("hello\ndaemon_directory = /tmp\n") == ["own-line-never"]


def test_a_definition_over_several_lines_is_one():
    assert codes("mydestination =\n# a note\n\n   /etc/shadow\n") == ["own-line-path"]


def test_a_finding_of_the_deny_list_is_an_error_with_its_line():
    (finding,) = deny_list(OwnLines("# one\ndaemon_directory = /tmp\n"), OwnLines(), CONTEXT)

    assert finding.severity is Severity.ERROR
    assert (finding.place.noun, finding.place.key, finding.place.line) == ("own-lines", "main-cf", 2)
    assert finding.remedy
