"""Sizes and times as people write them: `10 MiB`, `10485760`, `5d`, `3 hours`.

Sizes are whole bytes; the units K, M, G with or without B mean powers of 1000 where a plain `B` follows (`10 MB`) and
powers of 1024 with `iB` or alone (`10MiB`, `10M`), as `ls` and `dd` have it. Times are whole seconds, in the units of
postconf(5): s, m, h, d, w. Every canonical form is a plain number; `show_*` gives text that `parse_*` reads back.
"""

from __future__ import annotations

import re

from sealgate.model.errors import InvalidValue
from sealgate.model.text import one_line, shown

_SIZE = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,3}))?\s*([kmgt]?)(i?b|bytes?)?", re.ASCII | re.IGNORECASE)
_TIME_PART = re.compile(r"([0-9]{1,12})\s*([a-z]*)[\s,]*", re.ASCII | re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME_WORDS = {
    "": "s", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "h": "h", "hour": "h", "hours": "h", "d": "d", "day": "d", "days": "d", "w": "w", "week": "w", "weeks": "w",
}  # fmt: skip
_NAMES = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}


def parse_size(value: object, what: str, least: int, most: int) -> int:
    """Read a size in bytes between `least` and `most`: a number, or text with a unit."""
    size = value if isinstance(value, int) and not isinstance(value, bool) else _size(value, what)
    if not least <= size <= most:
        raise InvalidValue.of(
            f"{what} {show_size(size) if 0 <= size < 10**20 else 'given'} is not possible.",
            f"Enter {show_size(least)} to {show_size(most)}; there is no “unlimited”.",
        )
    return size


def _size(value: object, what: str) -> int:
    text = one_line(value, what, 100)
    found = _SIZE.fullmatch(text)
    if not found:
        raise InvalidValue.of(f"{what} {shown(text)!r} is not a size.", "Enter one such as 10 MiB or 10485760.")
    whole, fraction, prefix, suffix = found.groups()
    base = 1000 if (suffix or "").lower() == "b" else 1024
    scale = base ** (1 + "kmgt".index(prefix.lower())) if prefix else 1
    size = int(whole) * scale
    if fraction:
        size += int(fraction) * scale // 10 ** len(fraction)
    return size


def show_size(size: int) -> str:
    """Return a size with the largest binary unit that divides it, or in bytes: `10 MiB`."""
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size and size % (1 << power) == 0:
            return f"{size >> power} {unit}"
    return f"{size} bytes"


def parse_duration(value: object, what: str, least: int, most: int) -> int:
    """Read a time in seconds between `least` and `most`: a number of seconds, or text such as `5d` or `1d 12h`."""
    seconds = value if isinstance(value, int) and not isinstance(value, bool) else _duration(value, what)
    if not least <= seconds <= most:
        raise InvalidValue.of(
            f"{what} {show_duration(seconds) if 0 <= seconds < 10**20 else 'given'} is out of range.",
            f"Enter {show_duration(least)} to {show_duration(most)}.",
        )
    return seconds


def _duration(value: object, what: str) -> int:
    text = one_line(value, what, 100)
    seconds = position = 0
    for part in _TIME_PART.finditer(text):
        unit = _TIME_WORDS.get(part[2].lower())
        if part.start() != position or unit is None:
            break
        seconds += int(part[1]) * _SECONDS[unit]
        position = part.end()
    if not text or position != len(text):
        raise InvalidValue.of(f"{what} {shown(text)!r} is not a time.", "Enter one such as 450s, 30m, 3h, 5d or 2w.")
    return seconds


def show_duration(seconds: int) -> str:
    """Return a time in units that give it exactly: `5 days`, `1 day 12 hours`, `450 seconds`."""
    if not seconds:
        return "0 seconds"
    parts, rest = [], seconds
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, _SECONDS[unit])
        if count:
            parts.append(f"{count} {_NAMES[unit]}{'' if count == 1 else 's'}")
    if rest or len(parts) > 2:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return " ".join(parts)
