"""Look-up tables as texts: what one says, where it is used, and saving a new text.

The row of a table holds name, type and the digests of its text's pieces (`model/content.py`); an edit of one line
stores one piece. A table that the own lines of main.cf or master.cf name cannot be removed: the places are said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.content import chunk_digest, join, split
from sealgate.model.errors import Conflict, InvalidValue, Refused
from sealgate.model.findings import Finding, Place, error
from sealgate.model.parameters import OwnLines
from sealgate.model.tables import checked_text
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.nouns import noun_of
from sealgate.services.saved import Saved, found
from sealgate.store import ANY

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored, View, Writer

NOUN = "lookup-table"


@dataclass(frozen=True, slots=True)
class TableText:
    """A look-up table with its whole text, and the places where own lines use it."""

    name: str
    type: str
    text: str
    version: int
    used: tuple[Place, ...]


def show(gateway: Gateway, actor: Actor, name: str) -> TableText:
    """Return a table of the draft with its text."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        view = reader.draft()
        row = found(view, noun_of(NOUN), name)
        text = join(view.chunks(row.fields["content"]))
        return TableText(row.key, row.fields["type"], text, row.version, uses(view, row))


def edit(gateway: Gateway, actor: Actor, name: str, text: str, *, base: Any = ANY) -> Saved:
    """Replace a table's text; Conflict if its version is not `base` any more."""
    may_edit(actor, NOUN)
    kind = noun_of(NOUN)
    with gateway.writing(actor) as writer:
        old = found(writer.draft(), kind, name)
        fields = {**old.fields, **stored_text(writer, text)}
        canonical = kind.fields(kind.parse(fields))
        try:
            version = writer.save(NOUN, old.key, canonical, base=base)
        except Conflict as clash:
            raise Conflict(
                f"The look-up table {old.key} was changed by somebody else meanwhile. Nothing was changed. "
                "Look at what stands now, put both together, and save again.",
                clash.current,
            ) from None
    return Saved(NOUN, old.key, version)


def stored_text(writer: Writer, text: str) -> dict[str, Any]:
    """Store a text's pieces and return the fields that name them; InvalidValue for a text that is none."""
    try:
        whole = checked_text(text)
    except InvalidValue as fault:
        raise fault.at("file") from None
    digests = []
    for chunk in split(whole):
        digests.append(chunk_digest(chunk))
        writer.put_content(digests[-1], chunk)
    return {"content": digests, "lines": whole.count("\n"), "size": len(whole.encode())}


def refuse_while_used(view: View, row: Stored) -> None:
    """Raise Refused with the places when own lines use a table."""
    places = uses(view, row)
    if places:
        raise Refused(
            f"The look-up table {row.key} is used by your own lines. Nothing was changed. "
            "Take it out of the lines named below first.",
            [_in_use(row, place) for place in places],
        )


def uses(view: View, row: Stored) -> tuple[Place, ...]:
    """Return the lines of own texts that name a table's file."""
    from sealgate.model.checking import uses_of

    own = (view.row("own-lines", name) for name in ("main-cf", "master-cf"))
    main, master = (OwnLines(text.fields["text"]) if text else OwnLines() for text in own)
    return uses_of(noun_of(NOUN).parse(row.fields), main, master)


def _in_use(row: Stored, place: Place) -> Finding:
    return error("lookup-table-in-use", place, f"This line uses the look-up table {row.key}.")
