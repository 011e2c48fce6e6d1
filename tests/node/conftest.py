"""A gateway directory of its own for each test, and one with an agent that the tests of a file share.

`shared` and `node` are for tests that ask and leave everything as it was. A file may put something else in force for
its tests with a `node` of its own. `standing` is as new before each test, but what was judged in it once is judged.
"""

from __future__ import annotations

import pytest
from tests.node.standing import StandingGateway
from tests.node.world import Gateway, applied, basic


@pytest.fixture
def gateway():
    with Gateway() as made:
        yield made


@pytest.fixture(scope="session")
def standing_gateway():
    with StandingGateway() as made:
        yield made


@pytest.fixture
def standing(standing_gateway):
    standing_gateway.begin_again()
    return standing_gateway


@pytest.fixture(scope="module")
def shared():
    with Gateway() as made:
        yield made


@pytest.fixture(scope="module")
def node(shared):
    with shared.agent() as way:
        applied(way, basic(), 1)
        yield way
