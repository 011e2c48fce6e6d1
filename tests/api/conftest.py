"""The API of a gateway with a stand-in for the agent: the real program, spoken to as a program speaks to it."""

from __future__ import annotations

import datetime as dt
import shutil
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.accounts import person, signed_in
from tests.support.answering_agent import ANSWERS
from tests.support.control_half import make_directory, stand_in
from tests.support.waiting import wait_until
from tests.support.web_site import served

from sealgate.services import bearer
from sealgate.services.actor import Right
from sealgate.services.bearer import Prefix
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings
from sealgate.web.sign_in import SESSION, identify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

PREFIX = "/api/v1"


def token_of(gateway: Gateway, name: str, rights: frozenset[Right] = frozenset(Right), **more: Any) -> str:
    """Make an API token for a person, without the signing in that it takes otherwise."""
    text = bearer.make(Prefix.TOKEN)
    label = more.pop("label", "test")
    ends = more.pop("ends", dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    with gateway.store.writing("local:test") as writer:
        owner = writer.people.named(name)
        assert owner is not None
        kept = bearer.digest(text, Prefix.TOKEN) or ""
        writer.people.add_token(kept, owner.id, label=label, rights=rights, ends=ends, areas=more.pop("areas", None))
    return text


def wait_for_jobs(client: httpx.Client) -> list[dict[str, Any]]:
    """Wait until no job runs; the jobs, newest first."""

    found: list[dict[str, Any]] = []

    def ended() -> bool:
        found[:] = client.get(f"{PREFIX}/jobs").json()
        return all(job["state"] != "running" for job in found)

    wait_until(ended, "the jobs end", 60)
    return found


@pytest.fixture(scope="session")
def new_gateway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway that nobody has used, to be copied: making one takes longer than most of these tests."""
    place = tmp_path_factory.mktemp("new") / "gw"
    make_directory(place)
    Gateway.open(Settings.load(place)).close()
    return place


@pytest.fixture
def directory(tmp_path: Path, new_gateway: Path) -> Path:
    return shutil.copytree(new_gateway, tmp_path / "gw")


@pytest.fixture
def agent(directory: Path) -> Iterator[StandIn]:
    with stand_in(directory, **ANSWERS) as running:
        yield running


@pytest.fixture
def site(gateway: Gateway, tmp_path: Path) -> Iterator[WebSite]:
    with served(gateway, tmp_path / "tls", identify) as running:
        yield running


@pytest.fixture
def nobody(site: WebSite) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=str(site.certificate))
    with httpx.Client(base_url=site.url, verify=trust, timeout=60) as client:
        yield client


@pytest.fixture
def owner(gateway: Gateway, nobody: httpx.Client) -> httpx.Client:
    """A program with all rights of an owner."""
    person(gateway, "olga", "owner")
    nobody.headers["authorization"] = f"Bearer {token_of(gateway, 'olga')}"
    return nobody


@pytest.fixture
def as_program(gateway: Gateway, nobody: httpx.Client) -> Callable[..., dict[str, str]]:
    """Make the headers of a program of a new person with a role."""

    def made(name: str, role: str = "viewer", **more: Any) -> dict[str, str]:
        person(gateway, name, role)
        return {"authorization": f"Bearer {token_of(gateway, name, **more)}"}

    return made


@pytest.fixture
def as_page(gateway: Gateway) -> Callable[..., dict[str, str]]:
    """Make the headers of a page of this gateway in the browser of a new person with a role."""

    def made(name: str, role: str = "owner") -> dict[str, str]:
        person(gateway, name, role)
        session = signed_in(gateway, name).session
        return {"cookie": f"{SESSION}={session}", "sec-fetch-site": "same-origin"}

    return made
