"""Charts as SVG, made here: no script, no library, the colours of the page, and a table's worth of words for readers.

A chart is markup from numbers and our own words only; nothing that anybody typed gets into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from sealgate.web.formats import moment, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.services.traffic import Slot

_WIDTH, _HEIGHT, _GAP = 720, 120, 3


def stacked_bars(slots: Sequence[Slot], names: Sequence[str], titles: Sequence[str], label: str) -> Markup:
    """Return bars over time, the named counts of each slot on top of each other."""
    highest = max((sum(slot.counts[name] for name in names) for slot in slots), default=0)
    if not highest:
        return Markup()
    step = _WIDTH / len(slots)
    drawn = [
        part
        for index, slot in enumerate(slots)
        for part in _bar(slot, (index * step, step - _GAP), highest, names, titles)
    ]
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">{}</svg>'
    ).format(_WIDTH, _HEIGHT, label, Markup().join(drawn))


def _bar(
    slot: Slot, place: tuple[float, float], highest: int, names: Sequence[str], titles: Sequence[str]
) -> list[Markup]:
    said = ", ".join(f"{title} {number(slot.counts[name])}" for name, title in zip(names, titles, strict=True))
    (left, width), parts, top = place, [], float(_HEIGHT)
    for index, name in enumerate(names):
        height = _HEIGHT * slot.counts[name] / highest
        top -= height
        if height:
            parts.append(
                Markup('<rect class="part-{}" x="{}" y="{}" width="{}" height="{}"></rect>').format(
                    index, f"{left:.1f}", f"{top:.1f}", f"{width:.1f}", f"{height:.1f}"
                )
            )
    title = Markup("<title>{}</title>").format(escape(f"{moment(slot.start)} UTC: {said}"))
    return [Markup("<g>{}{}</g>").format(title, Markup().join(parts))] if parts else []
