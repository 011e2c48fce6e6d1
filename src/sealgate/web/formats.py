"""How values are shown on pages: times, numbers, sizes, lists, fields of rows.

Times are UTC, as in the logs. Nothing here escapes: the templates do that for every value.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import urlencode

from sealgate.model.names import DomainName
from sealgate.model.units import show_duration, show_size

DASH = "\N{EN DASH}"
_MOST_ITEMS = 50
_COMPARED = 10
"""Of lists longer than this only what differs is shown side by side."""
_CONVERTED = re.compile(r"[a-z0-9_.-]*xn--[a-z0-9_.-]+", re.ASCII)


def moment(value: dt.datetime | float | None) -> str:
    """Return a time to the minute, UTC."""
    if value is None:
        return DASH
    at = value if isinstance(value, dt.datetime) else dt.datetime.fromtimestamp(value, dt.UTC)
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")


def iso(text: str) -> str:
    """Return a time in ISO form to the minute, UTC."""
    return f"{moment(dt.datetime.fromisoformat(text))} UTC"


def number(value: int) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,}"


def plain(value: Any) -> str:
    """Return a field of a row or setting as text: yes and no, lists with commas, a dash for nothing.

    Of a long list the first entries are named, and the others counted.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        items = [plain(item) for item in value[:_MOST_ITEMS]]
        more = f" and {len(value) - len(items):,} more" if len(value) > len(items) else ""
        return f"{', '.join(items)}{more}" if items else DASH
    return DASH if value is None or value == "" else str(value)


def sides(old: Any, new: Any) -> tuple[str, str]:
    """Return a field before and after as text; of long lists what went and what came, not all that stayed."""
    if not (isinstance(old, list) and isinstance(new, list) and max(len(old), len(new)) > _COMPARED):
        return plain(old), plain(new)
    had, has = set(old), set(new)
    went, came = [item for item in old if item not in has], [item for item in new if item not in had]
    return (
        f"{len(old):,} entries{', now gone: ' + plain(went) if went else ''}",
        f"{len(new):,} entries{', of them new: ' + plain(came) if came else ''}",
    )


def name(text: str) -> str:
    """Return a name as people read it, and as it is stored behind it, where the two differ.

    What people read is isolated (Unicode UAX #9, FSI … PDI), so that a name written from right to left stays in its
    place and can move nothing around it.
    """
    found = _CONVERTED.search(text)
    read = DomainName(found[0].strip(".")).unicode if found else ""
    return f"\u2068{read}\u2069 ({text})" if found and read not in text else text


def size(value: int) -> str:
    """Return a size in the largest unit that leaves a digit before the point."""
    rest, units = float(value), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while rest >= 1024 and len(units) > 1:
        rest, units = rest / 1024, units[1:]
    return f"{value} bytes" if units[0] == "bytes" else f"{rest:.1f} {units[0]}"


def actor(name: str) -> str:
    """Return an audited name as people say it: `local:alice` is `alice`."""
    return name.partition(":")[2] or name


def address(path: str, **query: Any) -> str:
    """Return an address on this site with a query; empty values are left out, of a tuple each value is named."""
    given = {name: value for name, value in query.items() if value not in {None, "", ()}}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


FILTERS = {
    "moment": moment,
    "iso": iso,
    "number": number,
    "plain": plain,
    "sides": sides,
    "name": name,
    "size": size,
    "exact_size": show_size,
    "duration": show_duration,
    "actor": actor,
    "address": address,
}
