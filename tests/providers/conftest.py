"""The outside for tests of fetching: one for each process of tests, empty before each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.outside_sources import OutsideSources

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def whole_outside() -> Iterator[OutsideSources]:
    with OutsideSources() as outside:
        yield outside


@pytest.fixture
def outside(whole_outside: OutsideSources) -> OutsideSources:
    whole_outside.forget()
    return whole_outside
