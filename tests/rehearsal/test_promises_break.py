"""Each promise notices when a release does not do what the pages say, and names the page."""

from __future__ import annotations

import pytest
from tests.cases.sabotage import ROWS, SABOTAGE, SETTINGS, Sabotage
from tests.support.rehearsed import failed, rehearsed
from tests.support.states import state

from sealgate.rehearsal.promises import EVERY

WITHOUT_A_CASE = {"no-loops-no-backscatter"}
"""Loops are among the broken configurations; that nothing bounces has a test of its own data."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in SABOTAGE])
def test_a_release_that_breaks_its_word_is_noticed(case: Sabotage) -> None:
    rows = {noun: [*ROWS.get(noun, []), *case.rows.get(noun, [])] for noun in ROWS | case.rows}
    judgement = rehearsed(state(SETTINGS | case.settings, rows), case.grade, spoil=case.lines)
    broken = failed(judgement, case.promise)

    assert not judgement.passed
    assert broken, [f"{one.promise}: {one.test}: {one.came}" for one in failed(judgement)]
    assert any(case.blames in str(one.blame) for one in broken), {str(one.blame) for one in broken}


def test_every_promise_is_broken_once() -> None:
    assert {promise.name for promise in EVERY} - {case.promise for case in SABOTAGE} == WITHOUT_A_CASE
