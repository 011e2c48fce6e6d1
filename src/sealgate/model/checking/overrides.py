"""Which field of a page a parameter belongs to, so that the page can say that an own line has taken its place.

Only what a person may want to look for is listed; the renderer tells of every parameter that was left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Finding, Place, note, warning

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState
    from sealgate.model.own_text import Definition

FIELD_OF = {
    "myhostname": ("setting", "my-hostname"),
    "mydomain": ("setting", "my-hostname"),
    "smtp_helo_name": ("setting", "smtp-helo-name"),
    "relay_domains": ("relay-domain", ""),
    "mynetworks": ("network", ""),
    "unverified_recipient_reject_code": ("setting", "unverified-recipient-reject-code"),
    "address_verify_positive_expire_time": ("setting", "verify-positive-expire"),
    "address_verify_positive_refresh_time": ("setting", "verify-positive-refresh"),
    "address_verify_negative_expire_time": ("setting", "verify-negative-expire"),
    "address_verify_negative_refresh_time": ("setting", "verify-negative-refresh"),
    "default_transport": ("setting", "external-relay-host"),
    "relayhost": ("setting", "external-relay-host"),
    "relay_transport": ("setting", "internal-relay-host"),
    "message_size_limit": ("setting", "after-filter-size-limit"),
    "inet_interfaces": ("setting", "listen-on"),
    "proxy_interfaces": ("setting", "public-addresses"),
    "delay_warning_time": ("setting", "delay-warning"),
    "maximal_queue_lifetime": ("setting", "queue-lifetime"),
    "bounce_queue_lifetime": ("setting", "bounce-queue-lifetime"),
    "smtpd_forbid_bare_newline": ("setting", "bare-newline"),
    "smtpd_tls_security_level": ("setting", "tls-incoming"),
    "smtp_tls_security_level": ("setting", "tls-outgoing"),
    "smtpd_tls_chain_files": ("setting", "tls-certificate"),
    "smtpd_tls_cert_file": ("setting", "tls-certificate"),
    "smtpd_tls_key_file": ("setting", "tls-key"),
    "smtp_tls_policy_maps": ("tls-policy", ""),
    "smtp_sasl_password_maps": ("sasl", ""),
    "virtual_alias_maps": ("forwarding", ""),
    "header_checks": ("header-check", ""),
    "mime_header_checks": ("mime-header-check", ""),
    "nested_header_checks": ("nested-header-check", ""),
    "body_checks": ("body-check", ""),
    "smtpd_client_restrictions": ("rbl", ""),
    "rbl_reply_maps": ("rbl", ""),
    "transport_maps": ("transport", ""),
    "smtpd_restriction_classes": ("provider", ""),
    "smtpd_relay_restrictions": ("provider", ""),
    "smtpd_recipient_restrictions": ("setting", "reject-unverified-recipient"),
}
"""Parameter → (noun, key) of the field whose value an own line replaces."""


def field_finding(one: Definition, desired: DesiredState) -> Finding:
    """Say at the field that an own line has taken its place; a warning where rows lose their effect by it."""
    noun, key = FIELD_OF[one.name]
    where = f"line {one.line} of your own lines of main.cf, which sets {one.name}"
    if noun != "setting" and desired.rows.count(noun):
        return warning(
            "own-line-overrides",
            Place(noun, key),
            f"The {desired.rows.count(noun)} rows here have no effect: {where}, takes their place.",
            "",
            "Remove that line, or let it name the generated tables too.",
        )
    return note("own-line-overrides", Place(noun, key), f"This field has no effect: {where}, takes its place.")
