"""The administrator's own lines of main.cf and master.cf: shown and replaced as whole texts, kept as typed.

A text has a version; an edit names the version it started from, and another version meanwhile is a `Conflict` that
carries what stands now, so that the face can show both. The deny-list is asked before anything is stored
(`model/parameters.py`); the agent asks it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict
from sealgate.model.own_text import parse_text
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.nouns import text_of
from sealgate.services.saved import Saved
from sealgate.store import ANY

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

NOUN = "own-lines"


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text of own lines in the draft; `version` is None while there is none."""

    name: str
    text: str
    version: int | None


def show(gateway: Gateway, actor: Actor, name: str) -> OwnText:
    """Return the own lines of the draft."""
    actor.may(Right.VIEW)
    key = text_of(name)
    with gateway.store.reading() as reader:
        stored = reader.draft().row(NOUN, key)
    return OwnText(key, stored.fields["text"] if stored else "", stored.version if stored else None)


def edit(gateway: Gateway, actor: Actor, name: str, text: str, *, base: Any = ANY) -> Saved:
    """Replace the own lines; an empty text removes them. Conflict if their version is not `base` any more."""
    may_edit(actor, NOUN)
    key = text_of(name)
    checked = parse_text(text)
    with gateway.writing(actor) as writer:
        old = writer.draft().row(NOUN, key)
        if old is None and not checked:
            return Saved(NOUN, key, None)
        try:
            if checked:
                version = writer.save(NOUN, key, {"text": checked}, base=base)
            else:
                version = writer.delete(NOUN, key, base=base)
        except Conflict as clash:
            raise Conflict(
                f"The own lines of {key} were changed by somebody else meanwhile. Nothing was changed. "
                "Look at what stands now, put both together, and save again.",
                clash.current,
            ) from None
    return Saved(NOUN, key, version)
