from __future__ import annotations

import pytest
from tests.render.golden import case_names, expected, rendered


@pytest.mark.parametrize("name", case_names())
def test_a_golden_case_renders_to_the_bytes_that_were_read_in_review(name):
    assert rendered(name) == expected(name)
