"""The README is true: its shell blocks, word for word, on a gateway in a network of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"

pytestmark = pytest.mark.flow


def blocks() -> list[str]:
    """The README's blocks that are marked as shell, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path)
    yield trial
    trial.close()


def test_the_readme_can_be_followed_word_for_word(trial: Trial) -> None:
    assert "every address port 2525" in trial.said_at_start()

    said = trial.shell("\n".join(blocks()))

    assert "Subject: hello" in said
    assert "refused, as it should be" in said
    assert "no more get-rich mail" in said


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []
