"""The table of breaks in docs/rehearsal.md says what the programs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cases.raw_configurations import FOUND, NEEDS_DELIVERY, NO_WORD_FROM_POSTFIX, Broken
from tests.rehearsal.documented import documented, model_answer, stock_answers
from tests.support.raw import write

from sealgate.rehearsal.promises import EVERY

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

ALL = (*FOUND, *NEEDS_DELIVERY, *NO_WORD_FROM_POSTFIX)


def test_every_break_has_a_row() -> None:
    assert list(documented()) == [broken.name for broken in ALL]


def test_sealgate_has_an_answer_to_every_break() -> None:
    assert [name for name, (_, _, ours) in documented().items() if "`" not in ours] == []


@pytest.mark.parametrize("broken", [pytest.param(one, id=one.name) for one in ALL])
def test_the_stock_checks_say_what_the_table_says(broken: Broken, gateway: Gateway) -> None:
    write(gateway, broken)

    assert stock_answers(gateway) == documented()[broken.name][:2]


@pytest.mark.parametrize("broken", [pytest.param(one, id=one.name) for one in NO_WORD_FROM_POSTFIX])
def test_the_model_says_what_the_table_says(broken: Broken) -> None:
    assert model_answer(broken) == documented()[broken.name][2]


def test_every_promise_is_in_the_table_of_promises() -> None:
    from tests.rehearsal.documented import PAGE

    text = PAGE.read_text("utf-8")

    assert [promise.name for promise in EVERY if f"| `{promise.name}` |" not in text] == []
