"""Fetching a provider's list, and what becomes of it.

A list that came is compared with the stored one. One that lost too much is kept away; one that was in force already and
was gone back from (by the watch, or by a person) is not put there again unless a person asks or its source changes. The
rest goes live unattended (`unattended.py`), or into the draft where the provider is not in force. Whatever happens is a
line of the provider's history, and the last good list stays until a better one is in force.

The outside is asked outside of any transaction.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Progress, State
from sealgate.log import logger
from sealgate.model.errors import Conflict, InvalidValue, NotFetched, NotFound, Refused, SealgateError, StoreFailed
from sealgate.model.providers import PROVIDER, origin_of
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.list_comparing import came_and_went, digest_of, list_digest, too_much_lost
from sealgate.services.list_trying import ask
from sealgate.services.lists_gone_back import forgive, gone_back, remember
from sealgate.services.lists_lately import MOST_A_DAY, comment_of, largest_lately, room_again, wider_than_lately
from sealgate.services.provider_lists import NOUN, Target, targets_of
from sealgate.services.saved import found
from sealgate.services.unattended import NotHandedOver, NotNow, put_in_force
from sealgate.store import Ended, Fetch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.providers import Fetched
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress
    from sealgate.services.lists_gone_back import GoneBack
    from sealgate.services.unattended import WentLive
    from sealgate.store import Reader, Stored, Writer

_log = logger("lists")
_FAULT = "Fetching the list ended by a fault of the program. It is tried again; the log has the details."
_GONE_BACK = frozenset({State.UNDONE.value, State.FAILED.value})


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of fetching one provider's list; `fetch` is its newest line of history."""

    provider: str
    fetch: Fetch

    @property
    def text(self) -> str:
        """How it ended, in a sentence."""
        return self.fetch.text


def fetch_now(gateway: Gateway, actor: Actor, name: str, progress: OnProgress | None = None) -> Refreshed:
    """Fetch a provider's list because a person asks, and put a new one in force; a list gone back from as well.

    It needs the right to edit providers, before anything is done; who may not apply besides gets it into the draft.
    Refused for a list that is typed by hand or pinned.
    """
    actor.may(Right.VIEW)
    may_edit(actor, NOUN)
    with gateway.store.reading() as reader:
        draft = found(reader.draft(), PROVIDER, name)
        live = reader.live().row(NOUN, draft.key)
    wanted = targets_of(live, draft)
    if not wanted:
        raise Refused(_why_never(live, draft))
    if Right.APPLY not in actor.rights and origin_of(draft.fields).fetched:
        wanted = [Target(draft, into_draft=True)]
    lines = []
    for number, target in enumerate(wanted):
        # What went live before has given the edits of the draft new numbers.
        chosen = target if number == 0 else _again(gateway, target)
        now = dt.datetime.now(dt.UTC)
        lines.append(Refreshing(gateway, actor, chosen, now, asked=True, progress=progress).run())
    return Refreshed(draft.key, lines[-1])


def _again(gateway: Gateway, target: Target) -> Target:
    """Return a list of the draft as it stands now."""
    with gateway.store.reading() as reader:
        return Target(reader.draft().row(NOUN, target.name) or target.row, into_draft=target.into_draft)


def _why_never(live: Stored | None, draft: Stored) -> str:
    if not origin_of(draft.fields).fetched:
        return f"The list of {draft.key} is typed by hand. Nothing was fetched. Choose a source for it first."
    if draft.fields.get("pin"):
        return f"The list of {draft.key} is pinned. Nothing was fetched. Take the pin away first."
    if live is not None and live.fields.get("pin"):
        return f"The list of {draft.key} is pinned in what is live. Nothing was fetched. Apply the draft first."
    return f"{draft.key} is switched off. Nothing was fetched. Enable it first."


@dataclass(frozen=True, slots=True)
class Refreshing:
    """One fetch of one list at a time `now`, in an actor's name; `asked`: a person wants it."""

    gateway: Gateway
    actor: Actor
    target: Target
    now: dt.datetime
    asked: bool = False
    progress: OnProgress | None = None

    def run(self) -> Fetch:
        """Fetch the list and deal with it; returns the line of history, which is kept by then."""
        if self.asked or self.target.into_draft:
            may_edit(self.actor, NOUN)
        if not self.target.into_draft:
            self.actor.may(Right.APPLY)
        if self.progress is not None:
            self.progress(Progress(f"asking for the list of {self.target.name}"))
        try:
            return self._run()
        except StoreFailed:
            raise
        except SealgateError as fault:
            return self._keep(Fetch(Ended.FAILED, str(fault)))
        except Exception:  # noqa: BLE001 - a stranger's text may make it: the next list has its turn all the same
            _log.exception("a fetch ended by a fault of the program", provider=self.target.name)
            return self._keep(Fetch(Ended.FAILED, _FAULT))

    def _run(self) -> Fetch:
        with self.gateway.store.reading() as reader:
            past = [one for one in reader.fetches(self.target.name) if one.source == str(self.target.origin)]
        fetched = self._ask(past)
        names = list(map(str, fetched.networks))
        if fetched.unchanged or names == self._old:
            return self._keep(self._unchanged(fetched))
        line = self._compared(fetched, names)
        if lost := too_much_lost(self.target.row, names, self._largest()):
            return self._keep(_ending(line, Ended.KEPT, lost))
        if self.target.into_draft:
            return self._into_draft(line, names)
        if not self.asked and (back := self._gone_back_from(past, line.digest)):
            text = f"This list was live and was gone back from. {_held(back, self.now)}"
            return self._keep(_ending(line, Ended.HELD, text))
        if not self.asked and (held := self._unattended_held(line, names)):
            return self._keep(held)
        return self._live(line, names)

    def _unattended_held(self, line: Fetch, names: list[str]) -> Fetch | None:
        """Return how it ends where this list does not go live with nobody present; None where it does."""
        with self.gateway.store.reading() as reader:
            wide = wider_than_lately(reader, self.target.row, names, self.now)
            room = room_again(reader, self.target.name, self.now)
        if wide:
            return _ending(line, Ended.HELD, wide)
        if room is not None:
            return _ending(line, Ended.WAITING, _too_often(room))
        return None

    def _gone_back_from(self, past: Iterable[Fetch], digest: str) -> GoneBack | None:
        """Return what is remembered if this list was in force once, and is not any more because it was taken back."""
        with self.gateway.store.reading() as reader:
            back = gone_back(reader, self.target.name, str(self.target.origin))
        last = _last_live(past)
        return back if digest in back.digests or (last is not None and last.digest == digest) else None

    @property
    def _old(self) -> list[str]:
        return list(self.target.row.fields["networks"])

    def _ask(self, past: Iterable[Fetch]) -> Fetched:
        digest = digest_of(self.target.row)
        known = next((one.version for one in past if one.digest == digest and one.version), "")
        fetched = ask(self.gateway, self.target.origin, known)
        try:
            PROVIDER.parse(self.target.row.fields | {"networks": list(map(str, fetched.networks))})
        except InvalidValue as fault:
            raise NotFetched(f"What came is no list. {fault.problems[0]} Nothing of it was taken.") from None
        return fetched

    def _largest(self) -> list[str]:
        if self.target.into_draft:
            return []
        with self.gateway.store.reading() as reader:
            return largest_lately(reader, self.target.row, self.now)

    def _unchanged(self, fetched: Fetched) -> Fetch:
        return Fetch(
            Ended.UNCHANGED,
            "The list is as it was.",
            version=fetched.version,
            digest=digest_of(self.target.row),
            count=len(self._old),
            remarks=fetched.remarks,
        )

    def _compared(self, fetched: Fetched, names: list[str]) -> Fetch:
        came, went = came_and_went(self._old, names)
        what = "network" if len(came) == 1 else "networks"
        return Fetch(
            Ended.NEW,
            f"{len(came):,} {what} added, {len(went):,} removed, {len(names):,} in all.",
            version=fetched.version,
            digest=list_digest(names),
            count=len(names),
            added=came,
            removed=went,
            remarks=fetched.remarks,
        )

    def _into_draft(self, line: Fetch, names: list[str]) -> Fetch:
        row = self.target.row
        line = _ending(line, Ended.DRAFT, f"{line.text} The list is in the draft.")
        try:
            with self.gateway.writing(self.actor) as writer:
                writer.save(NOUN, row.key, row.fields | {"networks": names}, base=row.version)
                return self._kept(writer, line)
        except Conflict:
            return self._keep(_ending(line, Ended.WAITING, "The provider was edited meanwhile; it is fetched again."))

    def _live(self, line: Fetch, names: list[str]) -> Fetch:
        remarks = list(line.remarks)

        def change(reader: Reader) -> Stored:
            live = reader.live().row(NOUN, self.target.name)
            if live is None or not live.says_the_same(self.target.row):
                raise NotNow("What is live was changed while the list was fetched.")
            wanted = targets_of(live, reader.draft().row(NOUN, self.target.name))
            if all(target.into_draft for target in wanted):
                raise NotNow("The list was pinned while it was fetched.")
            return live._replace(fields=live.fields | {"networks": names})

        def follow(writer: Writer) -> None:
            if not _draft_follows(writer, self.target.row, names):
                remarks.append("The draft has an edit of this provider that is not applied; it stays as it is.")

        try:
            ended = put_in_force(
                self.gateway,
                self.actor,
                change,
                comment_of(self.target.name, line.text),
                follow=follow,
                progress=self.progress,
            )
        except Refused as fault:
            return self._keep(_ending(line, Ended.REFUSED, str(fault)))
        except NotNow as fault:
            return self._keep(_ending(line, Ended.WAITING, f"The list changed and waits. {fault}"))
        except NotHandedOver as fault:
            line = dataclasses.replace(line, revision=fault.revision, remarks=tuple(remarks))
            return self._taken_back(_ending(line, Ended.FAILED, str(fault)))
        return self._went_live(dataclasses.replace(line, remarks=tuple(remarks)), ended)

    def _went_live(self, line: Fetch, ended: WentLive) -> Fetch:
        text = f"{line.text} Revision {ended.revision}: {ended.text}".strip()
        line = dataclasses.replace(line, revision=ended.revision)
        if not ended.in_force:
            return self._taken_back(_ending(line, Ended.REFUSED, text))
        with self.gateway.writing(self.actor) as writer:
            if self.asked:
                forgive(writer, self.target.name)
            return self._kept(writer, _ending(line, Ended.NEW, text))

    def _taken_back(self, line: Fetch) -> Fetch:
        """Keep the line of a list whose revision is not in force, and take the list out of the draft again."""
        with self.gateway.writing(self.actor) as writer:
            _draft_goes_back(writer, self.target.row, line.digest)
            if line.ended is Ended.REFUSED:
                origin, names = str(self.target.origin), _names(writer)
                back = remember(writer, self.target.name, origin, line.digest, now=self.now, names=names)
                line = _ending(line, line.ended, f"{line.text} {_held(back, self.now)}")
            return self._kept(writer, line)

    def _keep(self, line: Fetch) -> Fetch:
        with self.gateway.writing(self.actor) as writer:
            return self._kept(writer, line)

    def _kept(self, writer: Writer, line: Fetch) -> Fetch:
        """Keep a line of history, and an audit line where something came of it."""
        line = dataclasses.replace(line, source=str(self.target.origin), at=self.now)
        number = writer.keep_fetch(self.target.name, line)
        writer.forget_fetches(_names(writer))
        if line.ended is not Ended.UNCHANGED:
            detail = {"ended": line.ended.value, "text": line.text[:500], "revision": line.revision}
            writer.audit("fetch", f"{NOUN} {self.target.name}", detail | {"networks": line.count})
        return dataclasses.replace(line, number=number)


def _ending(line: Fetch, ended: Ended, text: str) -> Fetch:
    return dataclasses.replace(line, ended=ended, text=text)


def _too_often(room: dt.datetime) -> str:
    return (
        f"The list changed and waits. It went live {MOST_A_DAY} times in 24 hours, and does again after "
        f"{room:%Y-%m-%d %H:%M} UTC. Fetch it now to put it live at once."
    )


def _held(back: GoneBack, now: dt.datetime) -> str:
    """Say what becomes of a list that was gone back from, and of others."""
    after = f" after {back.until:%Y-%m-%d %H:%M} UTC" if back.until is not None and back.until > now else ""
    return (
        "It is not put in force again by itself: fetch it now to try it again. A different list is tried by "
        f"itself{after}; until then the old one stays."
    )


def _last_live(past: Iterable[Fetch]) -> Fetch | None:
    """Return the line of the list that was put in force last; one that the node could not take never was."""
    return next((one for one in past if one.revision and one.ended is not Ended.FAILED), None)


def _draft_follows(writer: Writer, before: Stored, names: list[str]) -> bool:
    """Give the draft's row the new networks where a person changed other fields only; tell whether nothing differs."""
    row = writer.draft().row(NOUN, before.key)
    if row is None or row.fields["networks"] == names:
        return row is not None
    if row.fields.get("pin"):
        return False
    if row.fields["networks"] != before.fields["networks"] or origin_of(row.fields) != origin_of(before.fields):
        return False
    writer.save(NOUN, row.key, row.fields | {"networks": names}, base=row.version)
    return True


def _draft_goes_back(writer: Writer, before: Stored, digest: str) -> None:
    """Take a list that was undone out of the draft, where it stands there."""
    row = writer.draft().row(NOUN, before.key)
    if row is not None and digest_of(row) == digest:
        writer.save(NOUN, row.key, row.fields | {"networks": before.fields["networks"]}, base=row.version)


def settle(gateway: Gateway, actor: Actor, now: dt.datetime) -> list[str]:
    """Take lists that were undone or gone back from out of the draft, and note it; return the providers' names."""
    with gateway.store.reading() as reader:
        names = _names(reader)
        undone = {name: found_undone for name in names if (found_undone := _undone(reader, name))}
    for name, (line, live, why) in undone.items():
        with gateway.writing(actor) as writer:
            _draft_goes_back(writer, live, line.digest)
            back = remember(writer, name, line.source, line.digest, now=now, names=names)
            text = f"Revision {line.revision}, which had this list, {why} {_held(back, now)}"
            writer.keep_fetch(name, dataclasses.replace(line, ended=Ended.HELD, text=text, at=now))
            writer.audit("fetch", f"{NOUN} {name}", {"ended": Ended.HELD.value, "text": text[:500]})
            writer.forget_fetches(names)
    return list(undone)


def settle_broken_off(gateway: Gateway, actor: Actor, number: int, now: dt.datetime) -> None:
    """Keep the line of a list whose fetch was broken off when its revision was made; that has its end by now."""
    with gateway.store.reading() as reader:
        revision = reader.about(number)
        name = next((one for one in _names(reader) if revision.comment.startswith(comment_of(one, ""))), "")
        row, live = reader.revision(number).row(NOUN, name), reader.live().row(NOUN, name)
        known = any(line.revision == number for line in reader.fetches(name))
    if row is None or live is None or known:
        return
    ended = Ended.FAILED if revision.state in _GONE_BACK else Ended.NEW
    text = f"{revision.comment} Revision {number}: the fetch was broken off. {revision.detail}".strip()
    digest, source = digest_of(row), str(origin_of(row.fields))
    line = Fetch(ended, text, source, digest=digest, count=len(row.fields["networks"]), revision=number, at=now)
    with gateway.writing(actor) as writer:
        if ended is Ended.FAILED and digest_of(live) != digest:
            _draft_goes_back(writer, live, digest)
        writer.keep_fetch(name, line)
        writer.audit("fetch", f"{NOUN} {name}", {"ended": ended.value, "text": text[:500], "revision": number})


def unsettled(reader: Reader) -> list[str]:
    """Return the providers whose list was undone without that being noted yet."""
    return [name for name in _names(reader) if _undone(reader, name)]


def on_watch(reader: Reader) -> bool:
    """Tell whether the newest list of some provider is in a revision on watch, which may still be undone."""
    newest = {reader.newest, reader.in_force} - {0}
    if not any(reader.about(number).state == State.ON_WATCH for number in newest):
        return False
    return any(line.revision in newest for name in _names(reader) for line in reader.fetches(name, 1))


def _names(reader: Reader) -> list[str]:
    return sorted({row.key for view in (reader.draft(), reader.live()) for row in view.rows(NOUN)})


def _undone(reader: Reader, name: str) -> tuple[Fetch, Stored, str] | None:
    """Return the newest list that became a revision, if that was undone unnoticed; besides what is live, and why."""
    line = _last_live(reader.fetches(name))
    live = reader.live().row(NOUN, name)
    if line is None or line.ended is not Ended.NEW or live is None or digest_of(live) == line.digest:
        return None
    try:
        revision = reader.about(line.revision)
    except NotFound:
        return None
    if revision.state in _GONE_BACK:
        return line, live, f"was undone. {revision.detail}"
    return (line, live, "was gone back from.") if reader.in_force < line.revision else None
