"""Networks in a JSON document, at the place that a pointer names.

A pointer is that of RFC 6901 (`/`-separated steps, `~1` is `/`, `~0` is `~`), with one addition: a step `*` goes to
each element of an array and each value of an object. Several pointers may stand with blanks between: a list often keeps
IPv4 and IPv6 apart. At the end stand a text with one network, or an array of such texts; anything else is refused, with
its place. Below a `*` elements may lack the next step, and how many do is a remark; a pointer that leads nowhere is
refused. A place names what the pointer names, and numbers otherwise (`*[2]` is the second value of an object), so that
nothing of the document stands in a message.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.providers import MOST_NETWORKS
from sealgate.model.text import shown
from sealgate.providers.networks import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgate.model.network import IPNetwork
    from sealgate.providers.source import Clock

EACH = "*"
_STEP = re.compile(r"(?:[^~/]|~[01])*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
MOST_PARTS = 10 * MOST_NETWORKS
"""Arrays and objects in a document."""
_PLACES_A_LOOK = 1000
"""Places in a document between two looks at the clock."""
Steps = tuple[str, ...]


def parse_pointer(text: str) -> Steps:
    """Return the steps of one pointer; InvalidValue tells what is wrong with it."""
    if text and not text.startswith("/"):
        raise InvalidValue.of(f"The pointer {shown(text)!r} does not begin with a slash.", "Write it like /prefixes/*.")
    steps = text.split("/")[1:]
    for step in steps:
        if not _STEP.fullmatch(step):
            raise InvalidValue.of(
                f"The pointer {shown(text)!r} has a lonely ~.", "Write ~0 for a ~ and ~1 for a / in a name."
            )
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def read_json(body: bytes, what: str) -> Any:
    """Return the value of a JSON document, unless it has so many parts that it takes many times its size."""
    if body.count(b"[") + body.count(b"{") > MOST_PARTS:
        raise NotFetched(f"{what}: more than {MOST_PARTS:,} arrays and objects came. Ask for a shorter list.")
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NotFetched(f"{what}: this is no JSON document. Check the address of the list.") from None


def networks_at(document: Any, pointers: str, what: str, clock: Clock) -> tuple[list[IPNetwork], tuple[str, ...]]:
    """Return the networks where the pointers lead, and remarks; NotFetched names the place of what is none."""
    found: list[IPNetwork] = []
    remarks: list[str] = []
    for pointer in pointers.split():
        try:
            walk = _Walk(parse_pointer(pointer))
        except InvalidValue as fault:
            raise NotFetched(f"{what}: {fault}") from None
        for place, value in walk.through(document, lambda: clock.left(what)):
            if len(found) >= MOST_NETWORKS:
                raise NotFetched(f"{what}: more than {MOST_NETWORKS:,} networks came. Ask for a shorter list.")
            found.append(_network(value, place, what))
        if not walk.ends:
            raise NotFetched(
                f"{what}: the pointer {shown(pointer)!r} leads nowhere in what came. Look at the document."
            )
        if walk.lacking:
            remarks.append(f"{walk.lacking} elements have nothing at {shown(pointer)}.")
    return found, tuple(remarks)


class _Walk:
    """One way through a document: `ends` counts the places reached, `lacking` elements that lack a step."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.ends = 0
        self.lacking = 0

    def through(self, document: Any, look: Callable[[], object]) -> Iterator[tuple[str, Any]]:
        """Yield each text or other end with its place, one at a time; `look` at the clock is called now and then."""
        open_places = [iter([("", document)])]
        passed = 0
        while open_places:
            found = next(open_places[-1], None)
            if found is None:
                open_places.pop()
                continue
            passed += 1
            if passed % _PLACES_A_LOOK == 0:
                look()
            place, value = found
            if len(open_places) <= len(self._steps):
                open_places.append(self._step(place, value, self._steps[len(open_places) - 1]))
                continue
            self.ends += 1
            if isinstance(value, list):
                yield from ((f"{place}/{number}", one) for number, one in enumerate(value))
            else:
                yield place, value

    def _step(self, place: str, value: Any, step: str) -> Iterator[tuple[str, Any]]:
        if step == EACH and isinstance(value, list | dict):
            if isinstance(value, dict):
                yield from ((f"{place}/*[{number}]", one) for number, one in enumerate(value.values(), 1))
            else:
                yield from ((f"{place}/{number}", one) for number, one in enumerate(value))
        elif isinstance(value, dict) and step in value:
            yield f"{place}/{_escaped(step)}", value[step]
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            yield f"{place}/{step}", value[int(step)]
        else:
            self.lacking += 1


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _network(value: Any, place: str, what: str) -> IPNetwork:
    try:
        return read(value)
    except InvalidValue as fault:
        raise NotFetched(f"{what}, at {shown(place)!r}: {fault} Nothing of the list was taken.") from None
