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
from sealgate.services.actor import Area, Right

if TYPE_CHECKING:
    from sealgate.services.actor import Actor

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


def needs(noun: str, key: str = "") -> str:
    """Return in words what somebody must have to change objects of this kind, or this setting."""
    if noun == OWN_LINES:
        return f"the rights “{Right.EDIT.value}” and “{Right.RAW.value}”"
    secret = f", and the right “{Right.SECRETS.value}”" if _is_secret(noun, key) else ""
    return f"the right “{Right.EDIT.value}” for the area “{area_of(noun, key).value}”{secret}"


def _is_secret(noun: str, key: str) -> bool:
    return noun == SETTING and key in SETTINGS and SETTINGS[key].kind is Kind.SECRET
