"""What root allows on this machine for own lines: files, programs and peers, and who may edit own lines at all.

Root writes it into `node/permits.toml`; nobody else can, and no bundle can change it:

    files = ["/etc/postfix-extra/"]           # further files or directories that own lines may name
    programs = ["/usr/local/bin/archive"]     # programs for pipe(8) and spawn(8)
    peers = ["192.0.2.7"]                     # who may use XCLIENT, XFORWARD or the proxy protocol
    editors = ["local:alice"]                 # who may change own lines; left out: everybody who may apply

Own lines are as powerful as root, so a change of them by somebody who is not listed is refused before it is looked at.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgate.model.context import Permits
from sealgate.model.errors import NodeFailed, NotPermitted
from sealgate.node.desired import OWN_LINES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LISTS = frozenset({"files", "programs", "peers", "editors"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the file says. `editors` None: everybody."""

    permits: Permits = field(default_factory=Permits)
    editors: frozenset[str] | None = None

    def refuse_foreign_own_lines(self, who: str, uid: int, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Refuse a change of own lines (digests of tables by noun) by somebody who may not edit them."""
        if old.get(OWN_LINES) == new.get(OWN_LINES) or self.editors is None or uid == 0 or who in self.editors:
            return
        raise NotPermitted(
            f"{who} may not change own lines of main.cf or master.cf on this node. Nothing was changed. Root lists who "
            "may in node/permits.toml."
        )


def read_permits(path: Path) -> Allowed:
    """Read root's list; NodeFailed when it cannot be understood, since guessing would allow or forbid too much."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Allowed()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise NodeFailed(f"{path} cannot be read: {fault}. Root has to correct it.") from None
    unknown = sorted(set(data) - _LISTS)
    if unknown or not all(_is_words(value) for value in data.values()):
        raise NodeFailed(f"{path} holds lists of texts named {', '.join(sorted(_LISTS))} only. Root has to correct it.")
    permits = Permits(*(tuple(data.get(name, ())) for name in ("files", "programs", "peers")))
    return Allowed(permits, frozenset(data["editors"]) if "editors" in data else None)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
