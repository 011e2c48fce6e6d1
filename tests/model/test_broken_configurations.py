"""Broken configurations are refused when entered or found by the check; the others are left to who can find them."""

from __future__ import annotations

from typing import Any

import pytest
import trustme
from tests.cases.broken_configurations import BROKEN, Broken
from tests.model.states import CONTEXT, findings, state

from sealgate.model.checking import CODES, check
from sealgate.model.errors import InvalidValue
from sealgate.model.findings import errors_in

PEM = trustme.CA().issue_cert("gw.example.org").cert_chain_pems[0].bytes().decode()


def given(broken: Broken) -> dict[str, Any]:
    settings = {name: PEM if value == "CERTIFICATE" else value for name, value in broken.settings.items()}
    return {
        "rows": broken.rows,
        "settings": settings,
        "main": broken.main,
        "master": broken.master,
        "tables": broken.tables,
    }


def those(*who: str) -> list[pytest.ParameterSet]:
    return [pytest.param(broken, id=broken.name) for broken in BROKEN if broken.caught_by in who]


def test_names_are_distinct():
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)


def test_there_are_as_many_as_were_measured():
    assert len(BROKEN) >= 60


def test_codes_are_of_the_register():
    assert {broken.code for broken in BROKEN} - {""} <= set(CODES)


@pytest.mark.parametrize("broken", those("edge"))
def test_it_is_refused_when_entered(broken):
    with pytest.raises(InvalidValue):
        state(**given(broken))


@pytest.mark.parametrize("broken", those("model"))
def test_it_is_found_by_the_check(broken):
    assert broken.code in {finding.code for finding in findings(**given(broken))}


@pytest.mark.parametrize("broken", those("probe", "rehearsal", "harmless"))
def test_it_is_left_to_postfix(broken):
    assert errors_in(check(state(**given(broken)), CONTEXT)) == ()
