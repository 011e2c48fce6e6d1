"""Limits as they stand in main.cf."""

from __future__ import annotations

import pytest
from tests.support.release import facts
from tests.support.states import state

from sealgate.render import render


def main_cf(after: int) -> list[str]:
    limits = {"before-filter-size-limit": 1024, "after-filter-size-limit": after}
    return render(state(limits), facts()).text("main.cf").shown.splitlines()


@pytest.mark.parametrize(("after", "bounces"), [(1024, 512), (60_000, 30_000), (99_999, 49_999)])
def test_a_bounce_with_the_whole_message_fits_into_a_small_after_filter_limit(after, bounces):
    assert f"bounce_size_limit = {bounces}" in main_cf(after)


@pytest.mark.parametrize("after", [100_000, 31_457_280])
def test_postfix_s_own_limit_for_bounces_stays_where_there_is_room(after):
    assert not any(line.startswith("bounce_size_limit") for line in main_cf(after))
