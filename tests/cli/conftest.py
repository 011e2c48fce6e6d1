from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from click.testing import CliRunner
from tests.support.control_half import stand_in

from sealgate.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.control_half import StandIn


@dataclass(frozen=True)
class Said:
    """What one call answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document of the answer."""
        return json.loads(self.out)


class Run(Protocol):
    """Calls `sealgate` with arguments, on the gateway of the test."""

    def __call__(self, *arguments: str, typed: str | bytes | None = None) -> Said: ...


@pytest.fixture
def run(directory: Path) -> Run:
    def call(*arguments: str, typed: str | bytes | None = None) -> Said:
        result = CliRunner().invoke(cli, [*arguments, "--dir", str(directory)], input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def agent(directory: Path) -> Iterator[StandIn]:
    with stand_in(directory) as running:
        yield running


@pytest.fixture
def password(tmp_path: Path) -> str:
    """A file with a password; returns its name."""
    file = tmp_path / "password"
    file.write_text("hunter two\n")
    return str(file)
