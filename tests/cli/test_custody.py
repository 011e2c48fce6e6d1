"""`audit`, `backup`, `restore-backup` as they are typed."""

from __future__ import annotations

import json
import sqlite3
import stat
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.test_backups import WORDS, KeyHolder
from tests.support.control_half import stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.fixture
def agent(directory: Path) -> Iterator[Any]:
    with stand_in(directory, **KeyHolder(b"k" * 32).answers()) as running:
        yield running


def test_the_audit_says_who_did_what_newest_first(run: Run) -> None:
    run("add", "relay-domain", "example.com")
    run("remove", "relay-domain", "example.com")

    entries = run("audit", "--json").json

    assert [(entry["verb"], entry["object"]) for entry in entries] == [
        ("delete", "relay-domain example.com"),
        ("save", "relay-domain example.com"),
    ]
    assert run("audit").out.count("relay-domain example.com") == 2


def test_the_audit_comes_in_parts(run: Run) -> None:
    for number in range(5):
        run("add", "relay-domain", f"d{number}.example")

    found = run("audit", "--limit", "2", "--before", "4", "--json").json

    assert [entry["number"] for entry in found] == [3, 2]


def test_an_audit_that_nobody_touched_is_whole(run: Run) -> None:
    run("add", "relay-domain", "example.com")

    assert run("audit", "--verify").code == 0


def test_an_audit_that_somebody_touched_ends_with_one_and_the_place(run: Run, directory: Path) -> None:
    for number in range(3):
        run("add", "relay-domain", f"d{number}.example")
    with sqlite3.connect(directory / "control" / "sealgate.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit SET actor = 'local:eve' WHERE number = 2")

    said = run("audit", "--verify")
    assert (said.code, "2" in said.out) == (1, True)


def test_the_audit_is_exported_one_object_a_line(run: Run, tmp_path: Path) -> None:
    run("add", "relay-domain", "example.com")

    said = run("audit", "--export", str(tmp_path / "audit.jsonl"))

    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert (said.code, [line["verb"] for line in lines]) == (0, ["save", "export"])
    assert stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode) == 0o600


def test_a_gateway_comes_back_from_its_backup(run: Run, agent: Any, tmp_path: Path) -> None:
    run("add", "relay-domain", "kept.example")
    said = run("backup", str(tmp_path / "b"), "--passphrase-file", "-", typed=f"{WORDS}\n")
    run("remove", "relay-domain", "kept.example")

    back = run("restore-backup", str(tmp_path / "b"), "--passphrase-file", "-", "--yes", typed=f"{WORDS}\n")

    assert (said.code, back.code, agent.asked != []) == (0, 0, True)
    assert run("list", "relay-domain", "--json").json["total"] == 1
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600


def test_restoring_asks_first(run: Run, agent: Any, tmp_path: Path) -> None:
    run("backup", str(tmp_path / "b"), "--passphrase-file", "-", typed=f"{WORDS}\n")

    said = run("restore-backup", str(tmp_path / "b"), "--passphrase-file", "-", typed=f"{WORDS}\n")

    assert (said.code, "--yes" in said.err, agent.asked != []) == (1, True, True)


def test_a_backup_replaces_a_file_only_after_a_yes(run: Run, agent: Any, tmp_path: Path) -> None:
    file = tmp_path / "b"
    file.write_text("the only one")
    call = ["backup", str(file), "--passphrase-file", "-"]

    said = run(*call, typed=f"{WORDS}\n")
    assert (said.code, "is there already" in said.err, file.read_text()) == (1, True, "the only one")
    assert run(*call, "--yes", typed=f"{WORDS}\n").code == 0
    assert file.read_bytes() != b"the only one"


def test_a_backup_that_fails_leaves_no_half_file(run: Run, tmp_path: Path) -> None:
    said = run("backup", str(tmp_path / "b"), "--passphrase-file", "-", typed=f"{WORDS}\n")

    assert (said.code, [path for path in tmp_path.iterdir() if path.is_file()]) == (3, [])
