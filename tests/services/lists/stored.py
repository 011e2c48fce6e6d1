"""What the store says of the provider `cloud` and its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services.turned_clock import run

from sealgate.services import changes

if TYPE_CHECKING:
    from tests.services.turned_clock import Hands

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.scheduling import Scheduler
    from sealgate.store import Fetch

A, B, C, D = "192.0.2.0/25", "198.51.100.0/25", "203.0.113.0/25", "2001:db8::/48"
LATER = {"hours": 1, "minutes": 10}
SYSTEM = "system:providers"


def networks(gateway: Gateway, *, of: str = "live") -> list[str]:
    with gateway.store.reading() as reader:
        row = (reader.live() if of == "live" else reader.draft()).row("provider", "cloud")
    return list(row.fields["networks"]) if row else []


def fetches(gateway: Gateway) -> list[Fetch]:
    with gateway.store.reading() as reader:
        return reader.fetches("cloud")


def pending(gateway: Gateway, ann: Actor) -> list[tuple[str, str]]:
    return [(change.difference.key, change.actor) for change in changes.pending(gateway, ann)]


def due(scheduler: Scheduler, hands: Hands, **much: float) -> None:
    hands.turn(**(much or LATER))
    run(scheduler)
