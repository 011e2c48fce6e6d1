"""Settings: the values of the page "MTA configuration" and of TLS, one at a time.

`show` gives what the draft says beside what is live; `set_value` parses, stores and audits one value; `unset` goes back
to the default. Secrets among the settings (a private key) are sealed on the way in and never come out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue, Problem
from sealgate.model.mta import SETTINGS
from sealgate.model.objects import Kind
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.nouns import setting_of
from sealgate.services.saved import Saved
from sealgate.services.wording import SECRET_SHOWN, shown_setting
from sealgate.store import ANY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgate.model.mta import Setting
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.sealing import Sealing
    from sealgate.store import Stored

NOUN = "setting"


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """One setting in the draft: JSON value, words for people, whether it is set or the default.

    `live` is the value in force, `pending` whether the draft differs from it. A secret is only ever "stored".
    """

    name: str
    title: str
    page: str
    help: str
    value: Any
    shown: str
    is_set: bool
    live: Any
    pending: bool
    version: int | None


def show(gateway: Gateway, actor: Actor, names: Sequence[str] = ()) -> list[ShownSetting]:
    """Return the settings named, or all, in the order of the pages."""
    actor.may(Right.VIEW)
    wanted = [setting_of(name) for name in names] or list(SETTINGS.values())
    with gateway.store.reading() as reader:
        draft, live = ({stored.key: stored for stored in view.rows(NOUN)} for view in (reader.draft(), reader.live()))
    return [_shown(setting, draft.get(setting.name), live.get(setting.name)) for setting in wanted]


def set_value(gateway: Gateway, actor: Actor, name: str, given: Any, *, base: Any = ANY) -> Saved:
    """Set one setting in the draft; InvalidValue for a value that is none."""
    setting = setting_of(name)
    may_edit(actor, NOUN, setting.name)
    with gateway.writing(actor) as writer:
        try:
            value = setting.parse(gateway.sealing(writer, actor).of_setting(setting, given))
        except InvalidValue as fault:
            raise fault.at(setting.name) from None
        fields = {"value": setting.to_json(value)}
        version = writer.save(NOUN, setting.name, fields, base=base)
    return Saved(NOUN, setting.name, version)


def set_many(gateway: Gateway, actor: Actor, given: Mapping[str, Any], bases: Mapping[str, int | None]) -> list[Saved]:
    """Set several settings, all or none; those whose value stays are left alone.

    `bases` has the version that the person saw of each (None: not set, absent: whatever). InvalidValue names every
    value at fault; Conflict names every one to be changed that was changed meanwhile, with the first as it stands.
    """
    saved: list[Saved] = []
    problems: list[Problem] = []
    clashes: dict[str, Conflict] = {}
    with gateway.writing(actor) as writer:
        for name, value in given.items():
            setting = setting_of(name)
            try:
                change = _one_of_many(gateway.sealing(writer, actor), setting, value, bases.get(name, ANY))
            except InvalidValue as fault:
                problems.extend(fault.at(setting.name).problems)
                continue
            except Conflict as clash:
                clashes[setting.name] = clash
                continue
            saved += [change] if change is not None else []
        if problems:
            raise InvalidValue(*problems)
        if clashes:
            raise _all_clashes(clashes)
    return saved


def _one_of_many(sealing: Sealing, setting: Setting[Any], given: Any, base: Any) -> Saved | None:
    writer = sealing.writer
    old = writer.draft().row(NOUN, setting.name)
    value = setting.to_json(setting.parse(sealing.of_setting(setting, given)))
    default = setting.to_json(setting.default)
    if value == (old.fields["value"] if old else default):
        return None
    may_edit(sealing.actor, NOUN, setting.name)
    if value == default:
        return Saved(NOUN, setting.name, writer.delete(NOUN, setting.name, base=base))
    return Saved(NOUN, setting.name, writer.save(NOUN, setting.name, {"value": value}, base=base))


def _all_clashes(clashes: Mapping[str, Conflict]) -> Conflict:
    titles = ", ".join(setting_of(name).title for name in clashes)
    were = "was" if len(clashes) == 1 else "were"
    first = next(iter(clashes.values()))
    text = f"{titles} {were} changed by somebody else meanwhile. Nothing was changed."
    return Conflict(text, first.current, tuple(clashes))


def unset(gateway: Gateway, actor: Actor, name: str, *, base: Any = ANY) -> Saved:
    """Go back to the default; a setting that is not set stays so."""
    setting = setting_of(name)
    may_edit(actor, NOUN, setting.name)
    with gateway.writing(actor) as writer:
        if writer.draft().row(NOUN, setting.name) is None:
            return Saved(NOUN, setting.name, None)
        version = writer.delete(NOUN, setting.name, base=base)
    return Saved(NOUN, setting.name, version)


def _shown(setting: Setting[Any], draft: Stored | None, live: Stored | None) -> ShownSetting:
    default = setting.to_json(setting.default)
    value, before = (stored.fields["value"] if stored else default for stored in (draft, live))
    pending = value != before
    if setting.kind is Kind.SECRET:
        value, before = (SECRET_SHOWN if one else None for one in (value, before))
    return ShownSetting(
        name=setting.name,
        title=setting.title,
        page=setting.page,
        help=setting.help,
        value=value,
        shown=shown_setting(setting.name, draft.fields["value"] if draft else default),
        is_set=draft is not None,
        live=before,
        pending=pending,
        version=draft.version if draft else None,
    )
