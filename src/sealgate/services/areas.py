"""Which area each object of the draft belongs to, and so who may edit it.

An area is a group of pages (`actor.Area`). Own lines belong to none: they need a right of their own, since they are as
powerful as root. An object of a kind that is not named here belongs to the area "other", so that a new kind is closed
to people with limited areas until somebody has thought about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.errors import NotPermitted
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind
from sealgate.model.text import shown
from sealgate.services.actor import Area, Right

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.store import Stored, View

OWN_LINES = "own-lines"
SETTING = "setting"

_OF_NOUN = {
    "relay-domain": Area.MTA,
    "network": Area.MTA,
    "sasl": Area.SASL,
    "provider": Area.CLIENT_ACCESS,
    "forwarding": Area.FORWARDING,
    "header-check": Area.CHECKS,
    "mime-header-check": Area.CHECKS,
    "nested-header-check": Area.CHECKS,
    "body-check": Area.CHECKS,
    "rbl": Area.RBL,
    "black": Area.BLACK_LIST,
    "white": Area.WHITE_LIST,
    "lookup-table": Area.TABLES,
    "transport": Area.TRANSPORTS,
    "tls-policy": Area.TLS,
    "policy-test": Area.POLICY_TESTS,
}
_OF_PAGE = {
    "MTA configuration": Area.MTA,
    "MTA configuration, more": Area.MTA,
    "Email forwarding": Area.FORWARDING,
    "TLS": Area.TLS,
}


def area_of(noun: str, key: str = "") -> Area:
    """Return the area of an object; for a setting its key decides."""
    if noun == SETTING and key in SETTINGS:
        return _OF_PAGE.get(SETTINGS[key].page, Area.OTHER)
    return _OF_NOUN.get(noun, Area.OTHER)


def may_edit(actor: Actor, noun: str, key: str = "") -> None:
    """Raise NotPermitted unless the actor may change objects of this kind, or this setting."""
    if noun == OWN_LINES:
        actor.may(Right.EDIT)
        actor.may(Right.RAW)
        return
    actor.may(Right.EDIT, area_of(noun, key))


def allows(actor: Actor, noun: str, key: str = "") -> bool:
    """Tell what `may_edit` would say, so that a face offers only what would not be refused."""
    try:
        may_edit(actor, noun, key)
    except NotPermitted:
        return False
    return Right.SECRETS in actor.rights or not _is_secret(noun, key)


def allows_adding(actor: Actor, noun: str) -> bool:
    """Tell whether the actor may add rows of this kind: where a row must have a secret, storing it is needed too."""
    secret = any(column.kind is Kind.SECRET and column.required for column in NOUNS[noun].columns)
    return allows(actor, noun) and (not secret or Right.SECRETS in actor.rights)


def may_bring_back(actor: Actor, stands: Stored | None, restored: Stored | None) -> None:
    """Raise NotPermitted where a restored object has a secret that does not stand now, unless the actor may store some.

    An older password or key is as good as one that is entered: who may not replace a secret may not bring one back.
    """
    if restored is not None and Right.SECRETS not in actor.rights and _secrets(restored) - _secrets(stands):
        raise NotPermitted(
            f"{actor.name} may not do this: it brings back a stored password or private key "
            f"({restored.noun} {shown(restored.key)}), and that needs the right “{Right.SECRETS.value}”. "
            "Nothing was changed. Ask an administrator of this gateway."
        )


def may_bring_all_back(actor: Actor, stands: View, restored: View) -> None:
    """Raise NotPermitted where `may_bring_back` would for any object of a whole state."""
    if Right.SECRETS in actor.rights:
        return
    keys = [name for name in SETTINGS if _is_secret(SETTING, name)]
    now, then = stands.named(SETTING, keys), restored.named(SETTING, keys)
    for key, setting in then.items():
        may_bring_back(actor, now.get(key), setting)
    for noun, kind in NOUNS.items():
        if any(column.kind is Kind.SECRET for column in kind.columns):
            there = {row.key: row for row in stands.rows(noun)}
            for row in restored.rows(noun):
                may_bring_back(actor, there.get(row.key), row)


def allows_bringing_back(actor: Actor, stands: Stored | None, restored: Stored | None) -> bool:
    """Tell what `may_bring_back` would say."""
    try:
        may_bring_back(actor, stands, restored)
    except NotPermitted:
        return False
    return True


def needs(noun: str, key: str = "") -> str:
    """Return in words what somebody must have to change objects of this kind, or this setting."""
    if noun == OWN_LINES:
        return f"the rights “{Right.EDIT.value}” and “{Right.RAW.value}”"
    secret = f", and the right “{Right.SECRETS.value}”" if _is_secret(noun, key) else ""
    return f"the right “{Right.EDIT.value}” for the area “{area_of(noun, key).value}”{secret}"


def _is_secret(noun: str, key: str) -> bool:
    return noun == SETTING and key in SETTINGS and SETTINGS[key].kind is Kind.SECRET


def _secrets(stored: Stored | None) -> set[tuple[str, str]]:
    """Return the secrets that an object refers to, by field."""
    if stored is None:
        return set()
    if stored.noun == SETTING:
        names = {"value"} if _is_secret(SETTING, stored.key) else set()
    else:
        columns = NOUNS[stored.noun].columns if stored.noun in NOUNS else ()
        names = {column.name for column in columns if column.kind is Kind.SECRET}
    return {(name, str(stored.fields[name])) for name in names if stored.fields.get(name)}
