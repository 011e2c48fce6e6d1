"""The way through the MPA: content filter, its LMTP client and the listener that takes mail back.

Every message goes to the MPA over LMTP, which answers for each recipient, and comes back on a loopback listener that
filters nothing again. For the bytes to stay as they are, lines are never cut and headers never repaired on the way.
When the MPA was away nothing stays suspended (`…failed_cohort_limit`). Sources: FILTER_README, lmtp(8), postconf(5).

The listener for returning mail takes any recipient, so it trusts the loopback address it is bound to and nobody else,
and everything that own lines of main.cf could switch on for all listeners is switched off here.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render.part import Parameter, Part

if TYPE_CHECKING:
    from sealgate.render.facts import NodeFacts

SERVICE = "mpa"
_PLACE = Place("node")
_BYPASS = "Mail no longer passes through the MPA as Sealgate wires it."
_OVERRIDES = "no_unknown_recipient_checks,no_header_body_checks,no_address_mappings,no_milters"


def mail_filter(node: NodeFacts) -> Part:
    """Return the parameters that send mail through the MPA."""
    parameters = (
        Parameter("content_filter", f"{SERVICE}:inet:{node.mpa}", _PLACE, _BYPASS),
        # As `-o` of the service these would be ignored: the queue manager reads them.
        Parameter(f"{SERVICE}_destination_recipient_limit", "1000", _PLACE),
        Parameter(f"{SERVICE}_destination_concurrency_failed_cohort_limit", "1000", _PLACE),
    )
    return Part("The mail processing agent", parameters)


def lmtp_options() -> tuple[tuple[str, str], ...]:
    """Return the options of the LMTP client that talks to the MPA."""
    return (
        ("lmtp_send_xforward_command", "yes"),
        ("lmtp_line_length_limit", "0"),
        ("lmtp_dns_support_level", "disabled"),  # 3.10 warns of the former disable_dns_lookups
        ("lmtp_tls_security_level", "none"),
        ("lmtp_tls_policy_maps", ""),
        ("lmtp_sasl_auth_enable", "no"),
        ("lmtp_sasl_password_maps", "${maps_d_dir?}"),  # empty; and so the name counts as used
        ("lmtp_generic_maps", ""),
        ("lmtp_header_checks", ""),
        ("lmtp_mime_header_checks", ""),
        ("lmtp_nested_header_checks", ""),
        ("lmtp_body_checks", ""),
        ("lmtp_discard_lhlo_keywords", ""),
        ("lmtp_discard_lhlo_keyword_address_maps", ""),
        ("lmtp_reply_filter", ""),
        ("lmtp_bind_address", ""),
        ("lmtp_bind_address6", ""),
        ("lmtp_data_done_timeout", "1200s"),
    )


def reinject_options(node: NodeFacts) -> tuple[tuple[str, str], ...]:
    """Return the options of the listener that takes mail back from the MPA."""
    trusted = "[::1]/128" if ipaddress.ip_address(node.reinject.host).version == 6 else "127.0.0.0/8"
    nobody = ("smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions")
    return (
        ("syslog_name", f"{node.syslog_name}/reinject"),
        ("content_filter", ""),
        ("mynetworks", trusted),
        ("smtpd_authorized_xforward_hosts", trusted),
        ("smtpd_authorized_xclient_hosts", ""),
        *((name, "") for name in nobody),
        ("smtpd_helo_required", "no"),
        ("smtpd_relay_restrictions", "permit_mynetworks,reject"),
        ("smtpd_recipient_restrictions", "permit_mynetworks,reject"),
        ("smtpd_data_restrictions", ""),
        ("smtpd_end_of_data_restrictions", ""),
        ("smtpd_reject_unlisted_sender", "no"),
        ("smtpd_delay_reject", "yes"),
        ("smtpd_tls_security_level", "none"),
        ("smtpd_sasl_auth_enable", "no"),
        ("smtpd_proxy_filter", ""),
        ("smtpd_upstream_proxy_protocol", ""),
        ("smtpd_milters", ""),
        ("smtpd_command_filter", ""),
        ("smtpd_discard_ehlo_keywords", ""),
        ("smtpd_discard_ehlo_keyword_address_maps", ""),
        ("smtpd_error_sleep_time", "0"),
        ("smtpd_soft_error_limit", "1001"),
        ("smtpd_hard_error_limit", "1000"),
        ("smtpd_client_connection_count_limit", "0"),
        ("smtpd_client_connection_rate_limit", "0"),
        ("smtpd_client_message_rate_limit", "0"),
        ("smtpd_client_recipient_rate_limit", "0"),
        ("local_header_rewrite_clients", ""),
        ("receive_override_options", _OVERRIDES),
    )
