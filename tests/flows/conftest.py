"""Stories on a real gateway: fixtures that make one, alone in its artificial internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.story import Story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A gateway of this test's own, started, with nothing configured."""
    found = Story(tmp_path)
    yield found
    found.close()
