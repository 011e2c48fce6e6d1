"""Pages of a gateway with a stand-in for the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.accounts import person, signed_in
from tests.support.control_half import stand_in
from tests.support.web_site import served

from sealgate.link.upkeep import LogLines
from sealgate.web import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway


@pytest.fixture
def agent(directory: Path) -> Iterator[StandIn]:
    with stand_in(directory, queue_list=no_messages, log_part=LogLines((), "1:0", more=False)) as running:
        yield running


def no_messages(_question: object, _talk: object) -> None:
    """Answer a question about the queue with nothing."""


@pytest.fixture
def site(gateway: Gateway, tmp_path: Path) -> Iterator[WebSite]:
    with served(gateway, tmp_path / "tls") as running:
        yield running


@pytest.fixture
def ann(site: WebSite) -> Iterator[httpx.Client]:
    with site.client("ann") as client:
        yield client


@pytest.fixture
def bob(site: WebSite) -> Iterator[httpx.Client]:
    with site.client("bob") as client:
        yield client


@pytest.fixture
def olga(gateway: Gateway, site: WebSite) -> Iterator[httpx.Client]:
    """The browser of an owner with an account, where vera is a viewer."""
    person(gateway, "olga", "owner")
    person(gateway, "vera", "viewer")
    signed = signed_in(gateway, "olga")
    site.site.identify = sign_in.identify
    with site.client("", cookie=f"{sign_in.SESSION}={signed.session}") as client:
        yield client
