"""Drift: live files that were edited by hand; shown, adopted into the draft, or overwritten.

`adopt` puts into the draft what the live files say (`adoption.py` for main.cf and master.cf, the text for look-up
tables), in one transaction, and tells the agent exactly which content it took; then apply goes on. It refuses to
overwrite a pending change of the same object. Files that Sealgate makes from rows cannot be adopted: their findings
name the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sealgate.link.upkeep import DriftKind
from sealgate.model.errors import InvalidValue, NotFound, Refused
from sealgate.model.findings import Finding, Place, error
from sealgate.model.next_steps import Act, Step
from sealgate.services.actor import Area, Right
from sealgate.services.adoption import adopt_main, adopt_master
from sealgate.services.desired import desired_state
from sealgate.services.lookup_tables import stored_text
from sealgate.services.node_facts import facts
from sealgate.services.nouns import noun_of
from sealgate.services.wording import Difference, difference
from sealgate.store import ANY, Change

if TYPE_CHECKING:
    from sealgate.link.client import Node
    from sealgate.link.upkeep import Drift, DriftItem
    from sealgate.model.desired import DesiredState
    from sealgate.render import NodeFacts
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored, Writer

_TABLE = re.compile(r"maps\.d/([a-z]+)-(.+)\.map")
_OWN = {"main.cf": ("main-cf", adopt_main), "master.cf": ("master-cf", adopt_master)}


@dataclass(frozen=True, slots=True)
class AdoptedFiles:
    """What adoption did: the files taken, what became of the draft, and what could not be taken."""

    files: tuple[str, ...]
    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...]


def show(gateway: Gateway, actor: Actor, files: tuple[str, ...] = ()) -> Drift:
    """Return which live files are not as the revision in force has them; all, or those named."""
    actor.may(Right.VIEW)
    found = gateway.node(actor).drift()
    return replace(found, items=_named(found, files))


def overwrite(gateway: Gateway, actor: Actor, files: tuple[str, ...] = ()) -> Drift:
    """Make live files again as the revision in force has them; returns what drift is left."""
    actor.may(Right.APPLY)
    node = gateway.node(actor)
    items = _named(node.drift(), files)
    left = node.overwrite(tuple(item.file for item in items)) if items else node.drift()
    with gateway.writing(actor) as writer:
        writer.audit("drift-overwrite", "live files", {"files": [item.file for item in items]})
    return left


def adopt(gateway: Gateway, actor: Actor, files: tuple[str, ...] = ()) -> AdoptedFiles:
    """Take the hand edits into the draft, file by file; what cannot be taken is told and left."""
    actor.may(Right.EDIT, *Area)
    for right in (Right.RAW, Right.APPLY):
        actor.may(right)
    node = gateway.node(actor)
    drift = node.drift()
    known = facts(gateway, actor).node
    live_facts = known.for_release(f"{known.release_dir.rpartition('/')[0]}/{drift.release}")
    taken: dict[str, str] = {}
    done: list[Difference] = []
    findings: list[Finding] = []
    for item in _named(drift, files):
        if item.adopted:
            continue
        changes, faults = _adopt_one(gateway, actor, node, item, live_facts)
        findings += faults
        if not faults:
            taken[item.file] = item.live
            done += changes
    if taken:
        node.adopt(taken)
    return AdoptedFiles(tuple(taken), tuple(done), tuple(findings))


def _named(drift: Drift, files: tuple[str, ...]) -> tuple[DriftItem, ...]:
    unknown = set(files) - {item.file for item in drift.items}
    if unknown:
        raise NotFound(f"{', '.join(sorted(unknown))}: not changed by hand. Nothing was done.").then(Step(Act.DRIFT))
    return tuple(item for item in drift.items if not files or item.file in files)


def _adopt_one(
    gateway: Gateway, actor: Actor, node: Node, item: DriftItem, known: NodeFacts
) -> tuple[list[Difference], list[Finding]]:
    """Take one file into the draft in one transaction; findings mean that nothing was taken."""
    try:
        live = "" if item.kind is DriftKind.MISSING else node.live_file(item.file).decode()
    except UnicodeDecodeError:
        return [], [_not_adoptable(item.file, "The file is not UTF-8 text.")]
    try:
        with gateway.writing(actor) as writer:
            edits = _edits(writer, node, item, live, known)
            changes = [_write(writer, noun, key, fields) for noun, key, fields in edits]
            writer.audit("drift-adopt", f"file {item.file}", {"digest": item.live})
            content = writer.content
            return [difference(change, content) for change in changes if change is not None], []
    except Refused as refusal:
        return [], list(refusal.findings)
    except InvalidValue as fault:
        return [], [_not_adoptable(item.file, str(problem)) for problem in fault.problems]


def _edits(
    writer: Writer, node: Node, item: DriftItem, live: str, known: NodeFacts
) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Return the objects to write, as (noun, key, fields); fields None: remove. Raises Refused with findings."""
    if item.file in _OWN and item.kind is DriftKind.CHANGED:
        made = node.live_file(item.file, expected=True).decode()
        return _own_edits(desired_state(writer.live()), item.file, made, live, known)
    table = _TABLE.fullmatch(item.file)
    if table is not None:
        return [_table_edit(writer, item, table[1], table[2], live)]
    raise Refused("", [_not_adoptable(item.file, "Sealgate makes this file from the rows of a list.")])


def _own_edits(
    desired: DesiredState, file: str, made: str, live: str, known: NodeFacts
) -> list[tuple[str, str, dict[str, Any] | None]]:
    key, adoption = _OWN[file]
    adopted = adoption(desired, known, made, live)
    if adopted.findings:
        raise Refused("", adopted.findings)
    edits: list[tuple[str, str, dict[str, Any] | None]] = [
        ("setting", name, {"value": value}) for name, value in adopted.settings.items()
    ]
    if adopted.own is not None:
        edits.append(("own-lines", key, {"text": adopted.own} if adopted.own else None))
    return edits


def _table_edit(
    writer: Writer, item: DriftItem, kind: str, name: str, live: str
) -> tuple[str, str, dict[str, Any] | None]:
    noun = noun_of("lookup-table")
    if item.kind is DriftKind.MISSING:
        return "lookup-table", name, None
    fields = {"name": name, "type": kind} | stored_text(writer, live)
    return "lookup-table", name, noun.fields(noun.parse(fields))


def _write(writer: Writer, noun: str, key: str, fields: dict[str, Any] | None) -> Change | None:
    """Write one object, unless the draft has a pending change of it that says something else."""
    old, live = writer.draft().row(noun, key), writer.live().row(noun, key)
    if (old.fields if old else None) == fields:
        return None
    if not _same(old, live):
        raise Refused("", [_pending(noun, key)])
    if fields is None:
        writer.delete(noun, key, base=ANY)
    else:
        writer.save(noun, key, fields, base=ANY)
    return Change(noun, key, old, writer.draft().row(noun, key))


def _same(old: Stored | None, live: Stored | None) -> bool:
    return old is live or (old is not None and old.says_the_same(live))


def _not_adoptable(file: str, why: str) -> Finding:
    return error(
        "drift-not-adoptable",
        Place(file=file),
        "This edit cannot be taken into the draft.",
        why,
        "Make the change in the draft, then overwrite the file.",
    ).then(Step(Act.OVERWRITE))


def _pending(noun: str, key: str) -> Finding:
    return error(
        "drift-and-draft",
        Place(noun, key),
        "The draft changes this already, in another way than the file.",
        "One of the two would be lost.",
        "Look at both, then discard one of them.",
    ).then(Step(Act.COMPARE), Step(Act.DRIFT), Step(Act.DISCARD, noun, key))
