"""`import` and `export` as they are typed; the rules of rows and lines are tested with the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


def test_a_file_is_imported_and_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "domains").write_text("a.example\nb.example\n")

    said = run("import", "relay-domain", str(tmp_path / "domains"))

    assert (said.code, said.out) == (0, "2 rows read: 2 added. Live after: sealgate apply\n")


def test_a_dry_run_changes_nothing(run: Run) -> None:
    said = run("import", "relay-domain", "-", "--dry-run", typed="a.example\n")

    assert said.out == "1 row read; would be: 1 added. Nothing was changed.\n"
    assert run("list", "relay-domain", "--json").json["total"] == 0


def test_the_answer_as_json_has_all_counts(run: Run) -> None:
    run("import", "relay-domain", "-", typed="a.example\nb.example\n")

    answer = run("import", "relay-domain", "-", "--replace", "--json", typed="b.example\nc.example\n").json

    assert answer == {
        "noun": "relay-domain",
        "read": 2,
        "added": 1,
        "changed": 0,
        "same": 1,
        "removed": 1,
        "dry_run": False,
    }


def test_faults_are_said_by_line_and_end_with_two(run: Run) -> None:
    said = run("import", "network", "-", typed="10.0.0.0/8\n10.0.0.1/8\n")

    assert said.code == 2
    assert "line 2, network: The network '10.0.0.1/8' has host bits set." in said.err


def test_faults_as_json_name_line_and_field(run: Run) -> None:
    answer = run("import", "network", "-", "--json", typed="10.0.0.1/8\n").json

    assert [problem["field"] for problem in answer["error"]["problems"]] == ["line 1, network"]


def test_a_line_that_is_no_utf_8_is_named(run: Run) -> None:
    said = run("import", "relay-domain", "-", typed=b"a.example\nb\xff.example\n")

    assert (said.code, "line 2" in said.err) == (2, True)


def test_the_files_name_says_that_it_is_csv(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("pattern,host,port,comment\na.example,mx.example.net,26,why\n")

    assert run("import", "transport", str(tmp_path / "t.csv")).code == 0
    (row,) = run("list", "transport", "--json").json["rows"]
    assert (row["fields"]["port"], row["comment"]) == (26, "why")


@pytest.mark.parametrize("name", ["t.csv", "t.txt"])
def test_what_is_exported_is_imported_as_the_same(run: Run, tmp_path: Path, name: str) -> None:
    run("add", "transport", "a.example", "mx.example.net", "--port", "26", "--comment", "why")
    run("add", "transport", "b.example", "--special", "error:no", "--disabled")
    before = [row | {"version": 0} for row in run("list", "transport", "--json").json["rows"]]

    said = run("export", "transport", str(tmp_path / name))
    run("remove", "transport", "a.example", "b.example")
    run("import", "transport", str(tmp_path / name))

    assert said.code == 0
    assert [row | {"version": 0} for row in run("list", "transport", "--json").json["rows"]] == before


def test_an_export_that_is_refused_leaves_the_old_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old\n")
    run("add", "sasl", "smtp.example.net", "--user", "u", "--password-file", "-", typed="hunter two\n")

    said = run("export", "sasl", str(tmp_path / "old"))

    assert said.code == 2
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["old"]
    assert (tmp_path / "old").read_text() == "old\n"


def test_an_export_of_a_state_that_is_none_is_wrong_usage(run: Run) -> None:
    assert run("export", "transport", "-", "--state", "yesterday").code == 2
