"""Sizes and times that have to fit together.

Each is valid by itself (units.py); here it is asked whether mail that one of them lets in is stopped by another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Finding, Place, error, note, warning
from sealgate.model.units import show_duration, show_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState


def check_limits(desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about message sizes, queue times and the verification cache."""
    yield from _sizes(desired)
    yield from _times(desired)


def _sizes(desired: DesiredState) -> Iterator[Finding]:
    before, after = desired.settings.before_filter_size_limit, desired.settings.effective_after_filter_size_limit
    place = Place("setting", "after-filter-size-limit")
    shown = f"The after filter limit {show_size(after)} is"
    if after < before:
        yield error(
            "after-limit-below-before",
            place,
            f"{shown} below the before filter limit {show_size(before)}.",
            "Mail that was accepted would bounce when it comes back from the mail processing agent.",
            f"Set at least {show_size(before)}, better {show_size(2 * before)}.",
        )
    elif after < 2 * before:
        yield warning(
            "after-limit-below-twice",
            place,
            f"{shown} less than twice the before filter limit {show_size(before)}.",
            "Encrypting and signing makes mail larger, by a third and more.",
            f"Set at least {show_size(2 * before)}.",
        )


def _times(desired: DesiredState) -> Iterator[Finding]:
    settings = desired.settings
    if settings.delay_warning and settings.delay_warning >= settings.queue_lifetime:
        yield warning(
            "delay-warning-too-late",
            Place("setting", "delay-warning"),
            f"The delay warning comes after {show_duration(settings.delay_warning)}, when mail was already returned.",
            f"Mail stays in the queue for {show_duration(settings.queue_lifetime)}.",
            "Choose a shorter time.",
        )
    if settings.bounce_queue_lifetime > settings.queue_lifetime:
        yield note(
            "bounce-lifetime-longer",
            Place("setting", "bounce-queue-lifetime"),
            "Bounces are kept longer than the mail that they are about.",
            "",
            "Usually both times are the same, or bounces have the shorter one.",
        )
    for kind in ("positive", "negative"):
        refresh = getattr(settings, f"verify_{kind}_refresh")
        expire = getattr(settings, f"verify_{kind}_expire")
        if refresh >= expire:
            yield warning(
                "verify-refresh-too-late",
                Place("setting", f"verify-{kind}-refresh"),
                f"Recipients are asked for again after {show_duration(refresh)}, but forgotten after"
                f" {show_duration(expire)}.",
                "So nothing is ever refreshed, and senders wait while the next hop is asked.",
                "Choose a shorter time to ask again.",
            )
