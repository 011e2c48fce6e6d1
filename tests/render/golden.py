"""Golden cases of rendering: a state as JSON, and every byte that is made of it.

`tests/cases/render/NAME/state.json` holds what `tests.support.states.state` takes, with `why` (what the case shows)
and perhaps `facts`. `expected/` holds the rendered files. A table with an index stands there as its entries, one
`key<TAB>value` a line, secrets as `[secret id]`; TREE lists every file with type and mode, what own lines replaced, and
the findings. After a change that is meant, make them again and read the difference:

    PYTHONPATH=src python -m tests.render.golden && git diff tests/cases/render
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.release import facts
from tests.support.states import state

from sealgate.render import ConfigTree, Endpoint, SecretText, TextSource, render

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parents[1] / "cases" / "render"


def case_names() -> list[str]:
    """Return the names of all cases."""
    return sorted(path.parent.name for path in CASES.glob("*/state.json"))


def rendered(name: str) -> dict[str, str]:
    """Render a case; return text by path below `expected/`."""
    given: dict[str, Any] = json.loads((CASES / name / "state.json").read_text())
    assert given.pop("why"), "a case says what it shows"
    changes: dict[str, Any] = {key: _fact(key, value) for key, value in given.pop("facts", {}).items()}
    tree = render(state(**given), facts(**changes))
    return {
        "TREE": "".join(f"{line}\n" for line in _overview(tree)),
        **{file.path: _plain(file.text) for file in tree.texts},
        **{table.path: _content(table.source) for table in tree.tables},
    }


def expected(name: str) -> dict[str, str]:
    """Return what is kept for a case."""
    top = CASES / name / "expected"
    return {str(path.relative_to(top)): path.read_text() for path in sorted(top.rglob("*")) if path.is_file()}


def _fact(key: str, value: Any) -> object:
    if key == "today":
        return dt.date.fromisoformat(value)
    if key == "map_types":
        return frozenset(value)
    if key == "smtp_listeners":
        return tuple(Endpoint(*end) for end in value)
    return Endpoint(*value) if key in {"mpa", "reinject"} else value


def _overview(tree: ConfigTree) -> Iterator[str]:
    for file in tree.texts:
        yield f"text {file.path} {file.mode:04o}"
    for table in tree.tables:
        yield f"table {table.type}:{table.path} {table.mode:04o} from {table.place}"
    for one in tree.overrides:
        yield f"override {one.file} line {one.line}: {one.name}, was “{one.generated}”. {one.loses}".rstrip()
    for finding in tree.findings:
        yield f"finding {finding.code}: {finding}"


def _content(source: Any) -> str:
    if isinstance(source, TextSource):
        return source.text()
    return "".join(f"{key}\t{_plain(value)}\n" for key, value in source.entries())


def _plain(value: str | SecretText) -> str:
    return value if isinstance(value, str) else value.shown


def _write(name: str) -> None:
    top = CASES / name / "expected"
    shutil.rmtree(top, ignore_errors=True)
    for path, text in rendered(name).items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)


if __name__ == "__main__":
    for case in case_names():
        _write(case)
