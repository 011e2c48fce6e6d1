"""What several stories of rendering need."""

from __future__ import annotations

import random

import pytest
from tests.support.sink import Sink


@pytest.fixture
def port_25():
    """A sink on port 25 of a loopback address of its own, as MX records need."""
    chosen = random.SystemRandom()
    with Sink((f"127.78.{chosen.randrange(1, 255)}.{chosen.randrange(1, 255)}", 25)) as sink:
        yield sink
