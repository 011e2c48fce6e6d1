from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.gateway import Gateway
from tests.support.gateway import gateway as temporary_gateway

from sealgate.postfix.files import Files
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealgate.postfix.command import Programs


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A written configuration of an instance that does not run yet; what a test starts is stopped afterwards."""
    with temporary_gateway() as made:
        made.write()
        yield made


@pytest.fixture
def running(gateway: Gateway) -> Gateway:
    outcome = gateway.instance.start()
    assert outcome.good, outcome
    return gateway


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return neutral_programs(tmp_path / "neutral")


@pytest.fixture
def tables(programs: Programs) -> Tables:
    return Tables(programs, Files(durable=False))
