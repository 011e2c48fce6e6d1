"""The configuration with which tables are built has nothing of a candidate in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.support.faults import Recording

from sealgate.postfix.files import Files
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.parameters import read_back

if TYPE_CHECKING:
    from pathlib import Path


def test_postfix_reads_it_without_a_word(tmp_path: Path) -> None:
    assert read_back(neutral_programs(tmp_path / "n")).complaints == ()


def test_no_program_waits_for_it(tmp_path: Path) -> None:
    programs = neutral_programs(tmp_path / "n")

    assert time.time() - (programs.config_dir / "main.cf").stat().st_mtime > 2


def test_making_it_again_writes_nothing(tmp_path: Path) -> None:
    neutral_programs(tmp_path / "n")
    recording = Recording()

    neutral_programs(tmp_path / "n", Files(recording))

    assert recording.steps == []


def test_one_that_was_changed_is_put_right(tmp_path: Path) -> None:
    programs = neutral_programs(tmp_path / "n")
    (programs.config_dir / "main.cf").write_text("meta_directory = /somewhere\n")

    neutral_programs(tmp_path / "n")

    assert "meta_directory" not in read_back(programs).main
