from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.gateway import Gateway
from tests.support.gateway import gateway as temporary_gateway

from sealgate.rehearsal.judging import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A configuration that the probe passes; nothing of it runs."""
    with temporary_gateway() as made:
        made.write()
        yield made


@pytest.fixture
def judge(gateway: Gateway) -> Judge:
    return Judge(gateway.paths, gateway.top / "neutral")
