"""A gateway on a real store in a directory of its own, with a group key, without an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.link.sealing import KeyPair, generate
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN = Actor.local("ann")
BOB = Actor.local("bob")


def make_directory(directory: Path) -> KeyPair:
    """Lay out what `sealgate init` would, as far as the control half needs it."""
    for name in ("control", "node", "run", "log"):
        (directory / name).mkdir(parents=True)
    (directory / "sealgate.toml").write_text("")
    keys = generate()
    (directory / "control" / "group.pub").write_bytes(keys.public)
    return keys


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    make_directory(tmp_path)
    return tmp_path


@pytest.fixture
def gateway(directory: Path) -> Iterator[Gateway]:
    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


@pytest.fixture
def ann() -> Actor:
    return ANN


@pytest.fixture
def bob() -> Actor:
    return BOB
