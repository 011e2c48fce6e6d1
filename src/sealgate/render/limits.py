"""Sizes, queue times, what is asked of the SMTP dialogue, and the verification of recipients.

cleanup enforces message_size_limit of main.cf for both passes of a message, so it is the after filter limit; the
before filter limit stands on the public listeners in master.cf. The queue wants three times the largest message free.

Bare newlines: 3.7.11 lets them through by default and lets its own clients keep doing it; both defaults allow a second
message to be smuggled in (https://www.postfix.org/smtp-smuggling.html), so neither is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render.part import Parameter, Part

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState


_BOUNCE_SIZE = 50_000


def limits(desired: DesiredState) -> Part:
    """Return sizes, times and the strictness of the dialogue."""
    settings = desired.settings
    after = settings.effective_after_filter_size_limit
    size, newline = _at("after-filter-size-limit"), _at("bare-newline")
    parameters = (
        Parameter("message_size_limit", str(after), size, "The after filter limit is what the own line says."),
        Parameter("queue_minfree", str(3 * after), size),
        *_bounces(after),
        Parameter("smtp_line_length_limit", "0", size, "Long lines are cut, which breaks signatures."),
        Parameter("delay_warning_time", f"{settings.delay_warning}s", _at("delay-warning")),
        Parameter("maximal_queue_lifetime", f"{settings.queue_lifetime}s", _at("queue-lifetime")),
        Parameter("bounce_queue_lifetime", f"{settings.bounce_queue_lifetime}s", _at("bounce-queue-lifetime")),
        Parameter("notify_classes", ("resource", "software"), _at("delay-warning")),
        Parameter(
            "enable_long_queue_ids", "yes", _at("queue-lifetime"), "Log and queue ids can no longer be joined surely."
        ),
        Parameter("disable_vrfy_command", "yes", newline),
        Parameter("smtpd_forbid_bare_newline", settings.bare_newline, newline, "A second message may be smuggled in."),
        Parameter("smtpd_forbid_bare_newline_exclusions", "", newline, "These clients may smuggle messages in."),
        Parameter("smtpd_forbid_unauth_pipelining", "yes", newline),
    )
    return Part("Limits", parameters)


def _bounces(after: int) -> tuple[Parameter, ...]:
    """Keep a bounce with the whole message in it below the limit that it is held to itself; else it stays queued.

    Half the limit leaves room for report and headers (postconf(5), bounce_size_limit: default 50,000).
    """
    if after >= 2 * _BOUNCE_SIZE:
        return ()
    return (Parameter("bounce_size_limit", str(after // 2), _at("after-filter-size-limit")),)


def verification(desired: DesiredState) -> Part:
    """Return how recipients are verified and how long the answers are kept; the cache outlives every release."""
    settings = desired.settings
    code = _at("unverified-recipient-reject-code")
    parameters = (
        Parameter("unverified_recipient_reject_code", str(settings.unverified_recipient_reject_code), code),
        Parameter("unverified_recipient_reject_reason", "Address lookup failed", code),
        Parameter("address_verify_map", "lmdb:${data_directory}/verify_cache", _at("reject-unverified-recipient")),
        Parameter("address_verify_poll_delay", "1s", _at("reject-unverified-recipient")),
        _seconds("positive_expire", settings.verify_positive_expire),
        _seconds("positive_refresh", settings.verify_positive_refresh),
        _seconds("negative_expire", settings.verify_negative_expire),
        _seconds("negative_refresh", settings.verify_negative_refresh),
    )
    return Part("Verification of recipients", parameters)


def _seconds(name: str, seconds: int) -> Parameter:
    return Parameter(f"address_verify_{name}_time", f"{seconds}s", _at(f"verify-{name.replace('_', '-')}"))


def _at(setting: str) -> Place:
    return Place("setting", setting)
