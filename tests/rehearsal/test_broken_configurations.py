"""Every broken configuration that was ever measured here is found by a rehearsal, with words that name the fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cases.raw_configurations import FOUND, NEEDS_DELIVERY, NO_WORD_FROM_POSTFIX, ONLY_WARNED_OF, Broken
from tests.rehearsal.documented import answer_of, documented
from tests.support.raw import rehearsed_raw, write

from sealgate.link.messages import Grade
from sealgate.model.findings import Severity

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from sealgate.rehearsal.judging import Judge


def named(cases: tuple[Broken, ...]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in cases]


def test_the_configuration_that_the_others_break_passes(judge: Judge, gateway: Gateway) -> None:
    judgement = rehearsed_raw(judge, gateway, Grade.PROBE)

    assert judgement.findings == ()
    assert judgement.not_judged == ()


@pytest.mark.parametrize("broken", named(FOUND))
def test_the_probe_finds(broken: Broken, judge: Judge, gateway: Gateway) -> None:
    write(gateway, broken)

    found = rehearsed_raw(judge, gateway, Grade.PROBE).findings

    assert any(broken.words in str(finding) for finding in found), [str(finding) for finding in found]
    assert answer_of(broken, found, Grade.PROBE) == documented()[broken.name][2]
    if broken.name not in ONLY_WARNED_OF:
        assert any(finding.severity is Severity.ERROR for finding in found)


@pytest.mark.parametrize("broken", named(NEEDS_DELIVERY))
def test_a_full_rehearsal_finds(broken: Broken, judge: Judge, gateway: Gateway) -> None:
    write(gateway, broken)

    found = rehearsed_raw(judge, gateway, Grade.FULL).findings

    assert any(broken.words in str(finding) for finding in found), [str(finding) for finding in found]
    assert answer_of(broken, found, Grade.FULL) == documented()[broken.name][2]
    assert any(finding.severity is Severity.ERROR for finding in found)


@pytest.mark.parametrize("broken", named(NO_WORD_FROM_POSTFIX))
def test_postfix_has_no_word_against(broken: Broken, judge: Judge, gateway: Gateway) -> None:
    """The model has: see `tests/cases/broken_configurations.py`."""
    write(gateway, broken)

    assert judge.probe(gateway.conf).passed
