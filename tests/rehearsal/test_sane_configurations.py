"""No false alarm: what sane people set up passes a full rehearsal without a finding that stops an apply."""

from __future__ import annotations

import pytest
from tests.cases.sane_configurations import SANE, Sane
from tests.support.certificates import certificate_for
from tests.support.rehearsed import failed, rehearsed
from tests.support.states import state

from sealgate.link.messages import Grade


def test_there_are_more_than_thirty_of_them() -> None:
    assert len({case.name for case in SANE}) == len(SANE) > 30


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in SANE])
def test_a_sane_configuration_passes(case: Sane) -> None:
    settings, secrets = dict(case.settings), {}
    if case.certificate:
        _, certificate, key = certificate_for("gw.example.com")
        settings |= {"tls-certificate": certificate, "tls-key": "k1"}
        secrets["k1"] = key
    desired = state(settings, case.rows, main_cf=case.main, master_cf=case.master, tables=case.tables or None)
    judgement = rehearsed(desired, Grade.FULL, secrets=secrets, **case.facts)

    assert [f"{one.promise}: {one.test}: {one.came}" for one in failed(judgement)] == []
    assert [str(found) for found in judgement.findings] == []
    assert judgement.not_judged == ()
