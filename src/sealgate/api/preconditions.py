"""ETag, If-Match, If-None-Match: nobody overwrites what they have not seen (RFC 9110 §13).

An object's ETag is its version in double quotes; `"unset"` is a setting or text that has none. Replacing, changing and
removing one object needs If-Match: without it the answer is 428, with a stale one 412 and what stands now. `*` means
whatever its version is, and is thereby said on purpose.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header

from sealgate.api.problems import HttpProblem, not_possible
from sealgate.model.errors import Conflict
from sealgate.store import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSET = '"unset"'
_SHAPE = re.compile(r'(?:W/)?"[!#-~]*"', re.ASCII)
_SHAPES = re.compile(rf"{_SHAPE.pattern}(?:[ \t]*,[ \t]*{_SHAPE.pattern})*", re.ASCII)
_TAG = re.compile(r'"(\d{1,18})"', re.ASCII)


def etag(version: int | None) -> str:
    """Return the entity tag of a version."""
    return UNSET if version is None else f'"{version}"'


@dataclass(frozen=True, slots=True)
class Match:
    """The version that a request says it saw: a number, None (there was none), one of several of these, or ANY."""

    base: Any

    def among(self, version: int) -> Match:
        """Return the match with the one of several versions that stands; unchanged where none does."""
        return Match(version) if isinstance(self.base, frozenset) and version in self.base else self

    @contextmanager
    def holding(self) -> Iterator[Any]:
        """Give the version as services take it; somebody else's change becomes 412, a taken key stays 409."""
        try:
            yield self.base
        except Conflict as clash:
            if self.base is ANY or clash.taken:
                raise
            raise stale(str(clash), getattr(clash.current, "version", None)) from None


def stale(detail: str, version: int | None) -> HttpProblem:
    """Return the problem of a precondition that does not hold, with the version that stands now."""
    return HttpProblem(
        412, "precondition-failed", "It is not what you saw", detail, headers={"etag": etag(version)} if version else {}
    )


def _required(
    if_match: Annotated[
        str | None,
        Header(
            description='The ETag that was seen, such as `"17"`; `"unset"` where there was nothing; `*`: whatever.',
            examples=["*"],
            max_length=100,
        ),
    ] = None,
) -> Match:
    if if_match is None:
        raise HttpProblem(
            428,
            "precondition-required",
            "Say what you saw",
            "Send If-Match with the ETag of the object that you read, or `*` to overwrite whatever stands there. "
            "Nothing was changed.",
        )
    return parsed(if_match)


def _optional(
    if_match: Annotated[
        str | None, Header(description="The ETag that was seen; without it, whatever.", examples=["*"], max_length=100)
    ] = None,
) -> Match:
    return Match(ANY) if if_match is None else parsed(if_match)


def parsed(text: str) -> Match:
    """Read a tag or a list of them; one that can be no version of ours never matches, nor does a weak one."""
    word = text.strip()
    if word == "*":
        return Match(ANY)
    if not _SHAPES.fullmatch(word):
        said = {"detail": "This is no entity tag.", "remedy": 'Write it as it was given out, such as "17".'}
        place = {"parameter": "If-Match", "in": "header"}
        raise not_possible("What If-Match says is no entity tag. Nothing was changed.", said | place)
    tags = _SHAPE.findall(word)
    versions: set[int | None] = {int(found[1]) for tag in tags if (found := _TAG.fullmatch(tag))}
    if UNSET in tags:
        versions.add(None)
    if not versions:
        raise stale("The ETag in If-Match is none of this object's. Nothing was changed. Read it again.", None)
    return Match(versions.pop() if len(versions) == 1 else frozenset(versions))


Required = Annotated[Match, Depends(_required)]
Optional = Annotated[Match, Depends(_optional)]
