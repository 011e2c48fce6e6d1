"""Settings of the pages "MTA configuration", "TLS" and "Email forwarding": their values and their register.

`Settings` (settings.py) holds all of them as one frozen value. `SETTINGS` describes each by name: how it is read, shown
and explained. The attribute `my_hostname` is the setting `my-hostname`, stored as the object
`("setting", "my-hostname")` with the fields `{"value": <canonical JSON>}`; an absent object is the default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.certificates import parse_chain
from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.names import HostName
from sealgate.model.objects import Kind
from sealgate.model.secrets import Sealed
from sealgate.model.setting import (
    NOT_SET,
    Listener,
    Setting,
    choice_setting,
    duration_setting,
    flag_setting,
    is_unset,
    listener_json,
    next_hop_json,
    number_setting,
    optional,
    parse_addresses,
    parse_listeners,
    parse_mail_addresses,
    parse_next_hop,
    show_host_name,
    show_list,
    show_next_hop,
    size_setting,
)
from sealgate.model.settings import MEBIBYTE, Settings
from sealgate.model.tls import INCOMING_LEVELS, OUTGOING_LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.names import NextHop

__all__ = ["MEBIBYTE", "SETTINGS", "Listener", "Setting", "Settings", "settings_from"]

BARE_NEWLINE = ("normalize", "reject")
# The largest size whose follow-ups (3 x before = after, 3 x after = queue_minfree) stay below Postfix's 2^63.
_LARGEST = 1 << 40
_YEAR = 365 * 86400
_LONGEST_QUEUE = 100 * 86400  # the largest value that Postfix takes for queue life times

_MTA = "MTA configuration"
_MORE = "MTA configuration, more"
_TLS = "TLS"
_FORWARDING = "Email forwarding"


def _host_setting(name: str, title: str, text: str, unset: str) -> Setting[HostName | None]:
    return Setting(
        name,
        title,
        _MTA,
        text,
        lambda v: None if is_unset(v) else HostName.parse(v, title),
        lambda v: None if v is None else str(v),
        lambda v: f"{NOT_SET} ({unset})" if v is None else show_host_name(v),
        None,
    )


def _relay_setting(name: str, title: str, text: str) -> Setting[NextHop | None]:
    return Setting(
        name,
        title,
        _MTA,
        text,
        lambda v: None if is_unset(v) else parse_next_hop(v, title),
        lambda v: None if v is None else next_hop_json(v),
        lambda v: f"{NOT_SET} (the MX records of the recipient's domain)" if v is None else show_next_hop(v),
        None,
    )


def _parse_key(value: object) -> Sealed | None:
    return None if is_unset(value) else Sealed.parse(value, "The TLS key")


def _show_certificate(chain: str) -> str:
    count = chain.count("BEGIN CERTIFICATE")
    return f"a chain of {count}" if count > 1 else "one certificate" if count else f"{NOT_SET} (no TLS for incoming)"


_ALL: tuple[Setting[Any], ...] = (
    flag_setting(
        "match-subdomains",
        "Match subdomains",
        _MTA,
        "Yes: a subdomain of a relay domain is a relay domain too (mail.example.com with example.com).",
        default=False,
    ),
    _host_setting(
        "my-hostname",
        "My hostname",
        "The fully qualified name of this gateway. It is the name in the greeting, the default domain of addresses"
        " without one, and the default HELO name. It must not be a relay domain: that mail would become local.",
        "the machine's fully qualified name",
    ),
    _host_setting(
        "smtp-helo-name",
        "SMTP HELO name",
        "The name given to servers that this gateway connects to. Forward and reverse DNS of the sending address should"
        " agree with it, or servers may refuse the mail.",
        "My hostname",
    ),
    flag_setting(
        "reject-unverified-recipient",
        "Reject unverified recipient",
        _MTA,
        "Yes: before a recipient of a relay domain is accepted, its next hop is asked whether it exists. Answers are"
        " cached, over restarts too. While the next hop cannot be asked, senders are told to try again.",
        default=False,
    ),
    number_setting(
        "unverified-recipient-reject-code",
        "Unverified recipient reject code",
        _MTA,
        "The SMTP code for a recipient that does not exist: 450 lets the sender try again, 550 refuses for good.",
        default=450,
        limits=(400, 599),
    ),
    duration_setting(
        "verify-positive-expire",
        "Existing recipients: forget after",
        _MORE,
        "How long a recipient that was found is remembered when no newer answer can be had.",
        default=31 * 86400,
        limits=(60, _YEAR),
    ),
    duration_setting(
        "verify-positive-refresh",
        "Existing recipients: ask again after",
        _MORE,
        "After this time a recipient that was found is asked for again, in the background.",
        default=7 * 86400,
        limits=(60, _YEAR),
    ),
    duration_setting(
        "verify-negative-expire",
        "Unknown recipients: forget after",
        _MORE,
        "How long a recipient that does not exist is remembered when no newer answer can be had.",
        default=3 * 86400,
        limits=(60, _YEAR),
    ),
    duration_setting(
        "verify-negative-refresh",
        "Unknown recipients: ask again after",
        _MORE,
        "After this time a recipient that does not exist is asked for again: a new mailbox may wait this long.",
        default=3 * 3600,
        limits=(60, _YEAR),
    ),
    _relay_setting(
        "external-relay-host",
        "External relay host",
        "Where everything goes that is not for a relay domain: a name or address, a port, and whether the MX records"
        " of the name are used. Example: smtp.example.net:587, or smtp.example.net mx.",
    ),
    _relay_setting(
        "internal-relay-host",
        "Internal relay host",
        "Where mail for the relay domains goes, unless a transport says otherwise: a name or address, a port, and"
        " whether the MX records of the name are used. It must not lead back to this gateway.",
    ),
    size_setting(
        "before-filter-size-limit",
        "Before filter message size limit",
        _MTA,
        "The largest message accepted from outside, in bytes or with a unit (10 MiB). It cannot be unlimited.",
        default=10 * MEBIBYTE,
        limits=(1024, _LARGEST),
    ),
    optional(
        size_setting(
            "after-filter-size-limit",
            "After filter message size limit",
            _MTA,
            "The largest message accepted back from the mail processing agent, which may make mail larger. At least"
            " the before filter limit, better twice that. Free space of three times this size is kept in the queue.",
            default=30 * MEBIBYTE,
            limits=(1024, 3 * _LARGEST),
        ),
        "three times the before filter limit",
    ),
    Setting(
        "listen-on",
        "Listen on",
        _MORE,
        "Addresses and ports for incoming mail: 192.0.2.1, [2001:db8::1]:25, *:2525; separated by commas.",
        lambda v: parse_listeners(v, "Listen on"),
        lambda v: [listener_json(listener) for listener in v],
        lambda v: show_list(v, "all addresses, the gateway's SMTP port"),
        (),
        Kind.LIST,
    ),
    Setting(
        "public-addresses",
        "Public addresses",
        _MORE,
        "The addresses under which the internet sees this gateway when it is behind NAT (proxy_interfaces). Without"
        " them a mail loop through the own public address goes unnoticed.",
        lambda v: parse_addresses(v, "The public address"),
        lambda v: list(map(str, v)),
        lambda v: show_list(v, "none besides the machine's own"),
        (),
        Kind.LIST,
    ),
    duration_setting(
        "delay-warning",
        "Delay warning",
        _MORE,
        "After this time in the queue the sender is told that the mail is late; 0 means never.",
        default=0,
        limits=(0, _LONGEST_QUEUE),
    ),
    duration_setting(
        "queue-lifetime",
        "Queue life time",
        _MORE,
        "How long mail that cannot be delivered is tried again before it is returned; 0 means one attempt.",
        default=5 * 86400,
        limits=(0, _LONGEST_QUEUE),
    ),
    duration_setting(
        "bounce-queue-lifetime",
        "Bounce queue life time",
        _MORE,
        "The same for bounces and other mail with the null sender, which is then dropped; 0 means one attempt.",
        default=5 * 86400,
        limits=(0, _LONGEST_QUEUE),
    ),
    choice_setting(
        "bare-newline",
        "Bare newlines",
        _MORE,
        "What happens to lines from outside that end in LF without CR, by which mail can be smuggled: normalize ends"
        " them properly, reject refuses the message.",
        default="normalize",
        choices=BARE_NEWLINE,
    ),
    Setting(
        "default-forwarding",
        "Forward mail for all local accounts to",
        _FORWARDING,
        "Where mail for accounts of this machine goes that have no forwarding of their own; separated by commas.",
        lambda v: parse_mail_addresses(v, "The address"),
        lambda v: list(map(str, v)),
        lambda v: show_list(v, "nowhere: mail for other local accounts is refused"),
        (),
        Kind.LIST,
    ),
    choice_setting(
        "tls-incoming",
        "TLS for incoming mail",
        _TLS,
        "none, may (offered; needs a certificate), or encrypt (required; mail from servers without TLS is refused).",
        default="may",
        choices=INCOMING_LEVELS,
    ),
    choice_setting(
        "tls-outgoing",
        "TLS for outgoing mail",
        _TLS,
        "none, may (used where offered), encrypt (required), dane, dane-only, verify, secure or fingerprint; for single"
        " next hops use TLS policies.",
        default="may",
        choices=OUTGOING_LEVELS,
    ),
    Setting(
        "tls-certificate",
        "TLS certificate",
        _TLS,
        "The certificate for incoming mail in PEM form, followed by those that lead from it to its authority.",
        parse_chain,
        str,
        _show_certificate,
        "",
        Kind.LONG_TEXT,
    ),
    Setting(
        "tls-key",
        "TLS key",
        _TLS,
        "The private key of the certificate. It is sealed when entered and never shown again.",
        _parse_key,
        lambda v: None if v is None else v.id,
        lambda v: NOT_SET if v is None else "stored",
        None,
        Kind.SECRET,
    ),
)  # fmt: skip

SETTINGS: dict[str, Setting[Any]] = {setting.name: setting for setting in _ALL}
"""The register: every attribute of `Settings` by its name with hyphens, in the order of the pages."""


def settings_from(stored: Mapping[str, Any]) -> Settings:
    """Make the settings from canonical JSON by name; what is absent has its default. Every fault is named."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in stored.items():
        setting = SETTINGS.get(name)
        if setting is None:
            problems.append(Problem(name, "There is no such setting."))
            continue
        try:
            values[setting.attribute] = setting.parse(value)
        except InvalidValue as refusal:
            problems.extend(refusal.at(name).problems)
    if problems:
        raise InvalidValue(*problems)
    return Settings(**values)
