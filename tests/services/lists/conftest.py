"""A gateway with a provider whose list a real server publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.services.lists.stored import A, B
from tests.services.turned_clock import run
from tests.support.published import ADDRESS

from sealgate.services import rows
from sealgate.services.applying import apply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.control_half import StandIn
    from tests.support.published import Published

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.scheduling import Scheduler


@pytest.fixture
def gateway(fetching: Published, directory: Path) -> Iterator[Gateway]:
    """A gateway that reaches the published list."""
    from sealgate.services.gateway import Gateway
    from sealgate.settings import Settings

    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


@pytest.fixture
def live(gateway: Gateway, ann: Actor, agent: StandIn, published: Published, scheduler: Scheduler) -> StandIn:
    """The provider is in force with the networks A and B, and was fetched now."""
    published.says(A, B)
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})
    rows.add(gateway, ann, "provider", {"name": "cloud", "source": "url", "address": ADDRESS, "networks": [A, B]})
    apply(gateway, ann, "first")
    run(scheduler)
    return agent
