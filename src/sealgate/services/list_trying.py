"""Asking a source of networks, as this machine reaches the outside; and trying one without storing anything.

How the outside is reached (name servers, proxy, trusted authorities, private addresses) is said by root alone, in
`sealgate.toml`. A trial needs the right to edit providers, and is audited before it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Progress
from sealgate.model.errors import InvalidValue
from sealgate.model.list_sources import origin_fields
from sealgate.model.providers import PROVIDER
from sealgate.providers import Reach, Source, fetch
from sealgate.services.areas import may_edit
from sealgate.services.list_comparing import came_and_went, too_much_lost
from sealgate.services.provider_lists import NOUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.list_sources import Origin
    from sealgate.providers import Fetched
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress

MOST_SHOWN = 1000
"""Networks that a trial shows by name."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a source says, with nothing stored: networks (the first of them), what would come and go, remarks.

    `provider` is the stored one that it was compared with, `fields` are the source's own. `kept_away` says why such a
    list would not be taken, empty if it would.
    """

    source: str
    version: str
    count: int
    networks: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    more_added: int
    more_removed: int
    remarks: tuple[str, ...]
    kept_away: str = ""
    provider: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """What came, in a sentence."""
        came, went = len(self.added) + self.more_added, len(self.removed) + self.more_removed
        return f"{self.count:,} networks: {came:,} would be added, {went:,} removed. {self.kept_away}".strip()


def ask(gateway: Gateway, origin: Origin, known: str = "") -> Fetched:
    """Ask a source; `known` is the version of the list that is stored. NotFetched says why nothing came."""
    source = Source(origin.kind.value, origin.instance.value, origin.target, origin.pointer)
    settings = gateway.settings
    reach = Reach(
        nameservers=settings.provider_nameservers,
        ca_file=str(settings.directory / settings.provider_ca_file) if settings.provider_ca_file else "",
        proxy=settings.provider_proxy,
        allow_private=settings.provider_private,
    )
    return fetch(source, reach, known)


def try_source(gateway: Gateway, actor: Actor, fields: Mapping[str, Any], progress: OnProgress | None = None) -> Tried:
    """Ask a source that is not stored yet, and store nothing; compared with the provider of that name in the draft.

    `fields` are those of a provider. InvalidValue for what is no source, NotFetched when it says nothing usable.
    """
    may_edit(actor, NOUN)
    value = PROVIDER.parse({"name": "trial"} | dict(fields))
    if not value.origin.fetched:
        raise InvalidValue.of("A list that is typed by hand cannot be tried.", "Choose a source.", "source")
    with gateway.store.reading() as reader:
        row = reader.draft().row(NOUN, value.name)
    with gateway.writing(actor) as writer:
        writer.audit("try-source", f"{NOUN} {value.name}", {"source": str(value.origin)})
    if progress is not None:
        progress(Progress(f"asking {value.origin}"))
    fetched = ask(gateway, value.origin)
    old = list(row.fields["networks"]) if row else []
    names = list(map(str, fetched.networks))
    added, removed = came_and_went(old, names)
    return Tried(
        str(value.origin),
        fetched.version,
        len(names),
        tuple(names[:MOST_SHOWN]),
        added[:MOST_SHOWN],
        removed[:MOST_SHOWN],
        max(0, len(added) - MOST_SHOWN),
        max(0, len(removed) - MOST_SHOWN),
        fetched.remarks,
        too_much_lost(row, names) if row else "",
        row.key if row else "",
        tuple(origin_fields(value.origin).items()),
    )
