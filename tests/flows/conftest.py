"""Stories on a real gateway: fixtures that make one, alone in its artificial internet.

To start a gateway takes longer than what most stories tell of it. So the stories share one that is put back to its
beginning before each. `gateway.begin_with` has them share revisions too: a rehearsal takes longer than to go back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.story import Story

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    directory = tmp_path_factory.mktemp("story")
    directory.chmod(0o755)
    made = Story(directory)
    yield made
    made.close()


@pytest.fixture
def story(shared_gateway: Story) -> Story:
    """A started gateway with nothing configured and no mail."""
    shared_gateway.begin_again()
    return shared_gateway
