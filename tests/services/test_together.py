"""Several people at once, on one gateway: nothing is lost, nothing is overwritten unseen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sealgate.model.errors import Conflict
from sealgate.services import changes, rows, settings
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = 4
EACH = 15


def test_parallel_adds_are_all_kept(directory: Path) -> None:
    def work(person: int) -> None:
        gateway = Gateway.open(Settings.load(directory))
        for number in range(EACH):
            rows.add(gateway, Actor.local(f"p{person}"), "relay-domain", {"domain": f"p{person}-{number}.example"})
        gateway.close()

    Gateway.open(Settings.load(directory)).close()
    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(work, range(PEOPLE)))

    gateway = Gateway.open(Settings.load(directory))
    found = rows.listing(gateway, Actor.local("ann"), "relay-domain", limit=1000)
    gateway.close()
    assert found.total == len(found.rows) == PEOPLE * EACH


def test_of_many_edits_from_one_version_exactly_one_wins(directory: Path) -> None:
    opened = Gateway.open(Settings.load(directory))
    base = settings.set_value(opened, Actor.local("ann"), "my-hostname", "start.example.com").version

    def work(person: int) -> bool:
        gateway = Gateway.open(Settings.load(directory))
        try:
            settings.set_value(gateway, Actor.local(f"p{person}"), "my-hostname", f"p{person}.example.com", base=base)
        except Conflict:
            return False
        finally:
            gateway.close()
        return True

    with ThreadPoolExecutor(PEOPLE) as pool:
        won = list(pool.map(work, range(PEOPLE)))

    (shown,) = settings.show(opened, Actor.local("ann"), ["my-hostname"])
    opened.close()
    assert (won.count(True), shown.value) == (1, f"p{won.index(True)}.example.com")


def test_the_draft_is_one_for_all(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "a.example"})
    rows.add(gateway, bob, "relay-domain", {"domain": "b.example"})

    assert [item.actor for item in changes.pending(gateway, ann)] == ["local:ann", "local:bob"]
