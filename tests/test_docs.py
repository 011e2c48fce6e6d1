"""The documentation is current, complete and leads somewhere; so do the commands of the project."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from tools import reference

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))
FRAGMENT = re.compile(r"(\d+|\+[a-z0-9-]+)\.(upgrade|added|changed|fixed|security)\.md")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def project() -> dict[str, object]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def test_the_reference_says_what_the_program_says() -> None:
    assert reference.outdated(ROOT / "docs/reference") == []


def test_a_page_that_was_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    for name, text in reference.pages().items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "lists.md").write_text("other words", "utf-8")
    (tmp_path / "forgotten.md").touch()

    assert reference.outdated(tmp_path) == ["forgotten.md", "lists.md"]


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=shown)
def test_a_decision_has_context_decision_consequences_and_alternatives(page: Path) -> None:
    text = page.read_text("utf-8")

    assert text.startswith(f"# {page.name[:4]}. ")
    assert re.findall(r"^## (\w+)", text, re.MULTILINE)[:4] == ["Context", "Decision", "Consequences", "Alternatives"]


def test_no_two_decisions_have_one_number() -> None:
    numbers = [page.name[:4] for page in DECISIONS]

    assert len(numbers) == len(set(numbers))


def test_every_document_named_in_the_source_exists() -> None:
    named = {
        name
        for module in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"\b(?:docs/)?([a-z-]+\.md)\b", module.read_text("utf-8"))
    }

    assert {name for name in named if not (ROOT / "docs" / name).exists()} == set()


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8").lower()
    wanted = [re.split(r"[\[><=]", str(name))[0] for name in project()["dependencies"]]  # type: ignore[attr-defined]

    assert [name for name in wanted if name.lower() not in reasons] == []


def test_the_licence_is_declared_in_the_project_and_in_the_readme() -> None:
    assert project()["license"] == "Apache-2.0"
    assert "Apache-2.0" in (ROOT / "README.md").read_text("utf-8")


def test_change_notes_are_named_after_what_they_are() -> None:
    notes = [file.name for file in (ROOT / "newsfragments").iterdir() if file.name != "README.md"]

    assert [name for name in notes if not FRAGMENT.fullmatch(name)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=shown)
def test_a_lock_names_no_server_and_has_a_hash_for_everything(lock: Path) -> None:
    text = lock.read_text("utf-8")
    packages = re.findall(r"^[a-z0-9][^\n]*==[^\n]*\\\n {4}--hash=sha256:", text, re.MULTILINE)

    assert "://" not in text
    assert len(packages) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))


def test_make_alone_lists_its_verbs() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = set(re.findall(r"^  make ([a-z]+) ", said, re.MULTILINE))

    assert verbs >= {"check", "test", "flows", "bench", "docs", "lock", "clean"}


def test_what_runs_for_every_change_is_the_command_that_people_run() -> None:
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()

    assert [line for line in lines if not line.startswith("#")] == ['exec "$(dirname "$0")/../test"']
