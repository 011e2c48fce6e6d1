"""Every way to open a relay that could be thought of is refused, by a rehearsal alone: no model looks at it first."""

from __future__ import annotations

import pytest
from tests.cases.open_relays import OPEN_RELAYS, ROWS, SETTINGS, OpenRelay
from tests.support.rehearsed import failed, rehearsed
from tests.support.states import state

from sealgate.link.messages import Grade
from sealgate.model.errors import InvalidValue

STRANGERS = "strangers-cannot-relay"


def made(case: OpenRelay):
    rows = {noun: [*ROWS.get(noun, []), *case.rows.get(noun, [])] for noun in ROWS | case.rows}
    return state(SETTINGS | case.settings, rows, main_cf=case.main, master_cf=case.master, tables=case.tables or None)


def named(*ways: str):
    return [pytest.param(case, id=case.name) for case in OPEN_RELAYS if case.seen_by in ways]


@pytest.mark.parametrize("case", named("strangers"))
def test_a_stranger_who_is_let_in_is_noticed_with_the_setting_to_blame(case: OpenRelay) -> None:
    judgement = rehearsed(made(case), Grade.FULL if case.full else Grade.PROBE)
    verdicts = failed(judgement, STRANGERS)

    assert not judgement.passed
    assert verdicts, [str(found) for found in judgement.findings]
    assert any(case.names in f"{one.blame} {one.blame.field}" for one in verdicts), {str(one.blame) for one in verdicts}
    assert not any(one.may_be_overridden for one in verdicts)


@pytest.mark.parametrize("case", named("postfix", "any"))
def test_what_postfix_itself_does_not_stand_is_refused(case: OpenRelay) -> None:
    assert not rehearsed(made(case), Grade.PROBE).passed


@pytest.mark.parametrize("case", named("edge"))
def test_pages_take_no_open_relay(case: OpenRelay) -> None:
    with pytest.raises(InvalidValue):
        made(case)


@pytest.mark.parametrize("case", named("harmless"))
def test_what_postfix_keeps_shut_is_no_alarm(case: OpenRelay) -> None:
    judgement = rehearsed(made(case), Grade.PROBE)

    assert failed(judgement) == []
    assert judgement.passed
