from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.turned_clock import Hands
from tests.support.control_half import make_directory, stand_in

from sealgate.services.actor import Actor
from sealgate.services.scheduling import Pace, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.control_half import StandIn

    from sealgate.link.sealing import KeyPair
    from sealgate.services.gateway import Gateway


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    """The node group's keys of the gateway in `directory`."""
    return make_directory(tmp_path / "gw")


@pytest.fixture
def directory(tmp_path: Path, keys: KeyPair) -> Path:
    return tmp_path / "gw"


@pytest.fixture
def agent(directory: Path) -> Iterator[StandIn]:
    with stand_in(directory) as running:
        yield running


@pytest.fixture
def answering(directory: Path) -> Callable[..., AbstractContextManager[StandIn]]:
    """A stand-in for the agent with answers of the test's own."""

    def start(**answers: Any) -> AbstractContextManager[StandIn]:
        return stand_in(directory, **answers)

    return start


@pytest.fixture
def ann() -> Actor:
    return Actor.local("ann")


@pytest.fixture
def bob() -> Actor:
    return Actor.local("bob")


@pytest.fixture
def applied(gateway: Gateway) -> Callable[..., int]:
    """Make a revision of the draft as it is, and put it in force; returns its number."""

    def apply(comment: str = "applied by a test") -> int:
        with gateway.store.writing("local:ann") as writer:
            return writer.promote(writer.candidate().candidate, comment, {}, state="confirmed")

    return apply


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def scheduler(gateway: Gateway, hands: Hands) -> Scheduler:
    made = Scheduler(gateway, "here", Pace(look=1, quiet=2, retry=60), hands.clock())
    made.begin()
    return made
