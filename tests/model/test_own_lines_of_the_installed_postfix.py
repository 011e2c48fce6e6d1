"""What the installed Postfix and its manuals say is taken: defaults, stock files, and settings that people paste."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.model.states import CONTEXT, findings

from sealgate.model.deny_list import is_never
from sealgate.model.findings import errors_in
from sealgate.model.master_lines import parse_master
from sealgate.model.own_text import parse_main

SERVICES = (
    "smtp",
    "relay",
    "lmtp",
    "local",
    "virtual",
    "pipe",
    "bounce",
    "cleanup",
    "pickup",
    "qmgr",
    "error",
    "retry",
)
WORLD = dataclasses.replace(
    CONTEXT, map_types=frozenset(), services=frozenset(f"{name}/unix" for name in SERVICES) | CONTEXT.services
)
ABOUT_FORM = {
    "own-line-not-understood", "own-line-dollar", "own-line-unknown-parameter", "own-line-undefined", "own-line-value",
    "own-line-restriction", "own-line-unreachable", "own-line-circle", "own-line-twice", "own-line-too-long",
}  # fmt: skip
FREE = {name: value for name, value in WORLD.parameters.items() if not is_never(name)}


def test_there_are_parameters_to_speak_of():
    assert len(FREE) > 700


def test_every_default_is_a_value_that_is_taken():
    lines = "".join(f"{name} = {value}\n" for name, value in FREE.items())

    assert [str(found) for found in findings(main=lines, context=WORLD) if found.code in ABOUT_FORM] == []


def test_the_stock_main_cf_is_understood():
    definitions, faults = parse_main(Path("/usr/share/postfix/main.cf.dist").read_text())

    assert faults == ()
    assert len(definitions) > 10


def test_the_stock_master_cf_is_understood():
    text = Path("/usr/share/postfix/master.cf.dist").read_text()
    services, faults = parse_master(text)

    assert faults == ()
    assert len(services) > 20


@pytest.mark.parametrize(
    "lines",
    [
        # BASIC_CONFIGURATION_README, SMTPD_ACCESS_README
        "smtpd_helo_required = yes\nsmtpd_helo_restrictions = permit_mynetworks, reject_invalid_helo_hostname\n",
        "smtpd_sender_restrictions = reject_non_fqdn_sender, reject_unknown_sender_domain\n",
        "smtpd_recipient_restrictions =\n    permit_mynetworks\n    reject_unauth_destination\n    reject\n",
        (
            "smtpd_restriction_classes = strict\nstrict = reject_unknown_reverse_client_hostname, permit\n"
            "smtpd_client_restrictions = strict\n"
        ),
        "smtpd_data_restrictions = reject_unauth_pipelining\n",
        "smtpd_end_of_data_restrictions = check_policy_service unix:private/policy\n",
        # TLS_README
        "smtp_tls_security_level = dane\nsmtp_dns_support_level = dnssec\n",
        "smtpd_tls_protocols = >=TLSv1.2\nsmtp_tls_mandatory_ciphers = high\ntls_preempt_cipherlist = no\n",
        "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt\nsmtp_tls_loglevel = 1\n",
        "smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache\n",
        # TUNING_README, QSHAPE_README
        "default_process_limit = 200\nminimal_backoff_time = 5m\nmaximal_backoff_time = 1h\nqueue_run_delay = 300s\n",
        "smtpd_client_connection_rate_limit = 60\nsmtpd_client_message_rate_limit = 100\nanvil_rate_time_unit = 60s\n",
        "smtp_destination_concurrency_limit = 5\nrelay_destination_rate_delay = 1s\n",
        "smtpd_error_sleep_time = ${stress?{0}:{1}}s\nsmtpd_hard_error_limit = ${stress?{1}:{20}}\n",
        # MILTER_README
        (
            "smtpd_milters = inet:localhost:8891, unix:/run/dkim.sock\nnon_smtpd_milters = $smtpd_milters\n"
            "milter_default_action = accept\nmilter_protocol = 6\n"
        ),
        # ADDRESS_REWRITING_README
        "canonical_maps = inline:{a@example.com=b@example.com}\nmasquerade_domains = $mydomain\n",
        "recipient_bcc_maps = inline:{ { @example.com = archive@example.net } }\n",
        "header_checks = regexp:{{/^X-Spam: yes/ HOLD spam}}\n",
        "smtpd_banner = $myhostname ESMTP (no $$100 spam)\nsmtpd_reject_footer = \\c. Contact postmaster@$mydomain\n",
        "default_rbl_reply = $rbl_code Service unavailable; $rbl_class [$rbl_what] blocked\n",
        "smtpd_tls_received_header = yes\nstrict_rfc821_envelopes = yes\ndisable_vrfy_command = yes\nbiff = no\n",
        "address_verify_map = lmdb:$data_directory/verify_cache\nsmtpd_forbid_bare_newline = reject\n",
        "transport_retry_time = 60s\nnotify_classes = resource, software, policy\nsmtp_bind_address = 192.0.2.1\n",
    ],
)
def test_settings_that_people_paste_are_free(lines):
    world = dataclasses.replace(WORLD, generated=frozenset(), map_types=WORLD.map_types)

    assert [str(found) for found in errors_in(findings(main=lines, context=world))] == []


@pytest.mark.parametrize(
    "lines",
    [
        (
            "submission inet n - n - - smtpd\n  -o syslog_name=postfix/in\n  -o smtpd_tls_security_level=encrypt\n"
            "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n"
        ),
        "slow unix - - n - 2 smtp\n  -o smtp_destination_concurrency_limit=1 -o smtp_helo_name=$myhostname\n",
        "smtp unix - - n - - smtp -o smtp_bind_address=192.0.2.1\n",
        "127.0.0.1:10030 inet n - n - 10 smtpd -o { smtpd_client_restrictions = permit_mynetworks, reject }\n",
    ],
)
def test_services_that_people_paste_are_free(lines):
    assert [str(found) for found in errors_in(findings(master=lines, context=WORLD))] == []
