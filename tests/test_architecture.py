"""The tree tells the truth: who may import what, how long things may be, how modules introduce themselves.

import-linter proves the order of the layers inside each half; here stands what it cannot say: that neither half
knows the other, that the model and the renderer touch nothing outside, that one module starts programs and one
package speaks SQL, and that everything stays small enough to read.
"""

from __future__ import annotations

import ast
import re
import statistics
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "sealgate"
GENERATED = {"store/migrations"}

CONTROL_HALF = {"web", "api", "cli", "services", "store", "providers"}
HOST_HALF = {"node", "rehearsal", "postfix", "mpa"}
SHARED = {"model", "render", "link", "settings", "log"}

PURE = {"model", "render"}
OUTSIDE_WORLD = {
    "asyncio", "ctypes", "fcntl", "glob", "http", "httpx", "logging", "mmap", "multiprocessing", "os", "psycopg",
    "random", "secrets", "select", "shutil", "signal", "smtplib", "socket", "sqlalchemy", "sqlite3", "ssl", "structlog",
    "subprocess", "tempfile", "threading", "time", "urllib.request", "uuid",
}  # fmt: skip
ALLOWED_TO_START_PROGRAMS = {"postfix/command.py", "rehearsal/sealed.py", "bootstrap/children.py"}
STARTS_PROGRAMS = {"subprocess", "pty"}
STARTING_CALLS = re.compile(r"os\.(system|popen|exec[lv]p?e?|spawn\w+|posix_spawnp?)$|asyncio\.create_subprocess_\w+$")
VAGUE_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc|stuff)(_|$)|(Util|Helper|Manager)s?$")

MOST_LINES_OF_A_MODULE = 450
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_THE_MEDIAN_FUNCTION = 10


@dataclass(frozen=True)
class Module:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(SOURCE).as_posix()

    @property
    def part(self) -> str:
        return self.path.relative_to(SOURCE).parts[0].removesuffix(".py")

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.path)

    def imports(self) -> Iterator[str]:
        """Every imported name with its module in front, also those in functions and for type checking."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        yield from (n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def hand_written() -> list[Module]:
    modules = (Module(path) for path in sorted(SOURCE.rglob("*.py")))
    return [m for m in modules if not any(m.name.startswith(place) for place in GENERATED)]


def imports_of(parts: set[str], modules: list[Module]) -> Iterator[tuple[str, str]]:
    """Pairs of module and imported name, for the modules of these parts."""
    for module in modules:
        if module.part in parts:
            for name in module.imports():
                yield module.name, name


def belongs(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


MODULES = hand_written()
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


@pytest.mark.parametrize(
    ("half", "other"), [(CONTROL_HALF, HOST_HALF), (HOST_HALF, CONTROL_HALF)], ids=["control", "host"]
)
def test_neither_half_imports_the_other(half: set[str], other: set[str]) -> None:
    crossings = [
        (module, name)
        for module, name in imports_of(half, MODULES)
        if any(belongs(name, f"sealgate.{part}") for part in other)
    ]

    assert crossings == []


def test_what_both_halves_share_imports_neither() -> None:
    crossings = [
        (module, name)
        for module, name in imports_of(SHARED, MODULES)
        if any(belongs(name, f"sealgate.{part}") for part in CONTROL_HALF | HOST_HALF | {"bootstrap"})
    ]

    assert crossings == []


def test_rehearsal_and_node_run_the_mpa_as_a_program() -> None:
    imports = imports_of({"node", "rehearsal", "postfix"}, MODULES)

    assert [(module, name) for module, name in imports if belongs(name, "sealgate.mpa")] == []


def test_the_mpa_knows_neither_the_renderer_nor_the_agent() -> None:
    own = {"mpa", "link", "model", "settings", "log"}
    imports = imports_of({"mpa"}, MODULES)

    assert [
        (m, n) for m, n in imports if belongs(n, "sealgate") and n.split(".")[1:2] and n.split(".")[1] not in own
    ] == []


def test_model_and_render_do_no_input_or_output() -> None:
    reached = [
        (module, name)
        for module, name in imports_of(PURE, MODULES)
        if any(belongs(name, outside) for outside in OUTSIDE_WORLD) and not belongs(name, "os.path")
    ]

    assert reached == []


def test_model_and_render_open_no_file() -> None:
    opened = [
        (module.name, node.lineno)
        for module in MODULES
        if module.part in PURE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in {"open", "input", "print"})
            or (
                isinstance(node.func, ast.Attribute)
                and node.func.attr in {"read_text", "write_text", "read_bytes", "now"}
            )
        )
    ]

    assert opened == []


def test_programs_are_started_in_one_place_of_each_part() -> None:
    starting = {
        module.name
        for module in MODULES
        if any(belongs(name, starter) for name in module.imports() for starter in STARTS_PROGRAMS)
        or any(isinstance(n, ast.Attribute) and STARTING_CALLS.match(ast.unparse(n)) for n in ast.walk(module.tree))
    }

    assert starting - ALLOWED_TO_START_PROGRAMS == set()


def test_only_the_store_speaks_sql() -> None:
    speaking = {
        module.name
        for module in MODULES
        if module.part != "store"
        and any(
            belongs(name, library)
            for name in module.imports()
            for library in ("sqlalchemy", "alembic", "psycopg", "sqlite3")
        )
    }

    assert speaking == set()


def test_the_mail_path_does_not_load_what_it_never_needs() -> None:
    heavy = ("sqlalchemy", "alembic", "psycopg", "click")

    loaded = [
        (m, n) for m, n in imports_of({"mpa", "link", "node", "postfix"}, MODULES) if any(belongs(n, h) for h in heavy)
    ]

    assert loaded == []


@each_module
def test_a_module_is_at_most_450_lines_long(module: Module) -> None:
    assert len(module.text.splitlines()) <= MOST_LINES_OF_A_MODULE


@each_module
def test_a_function_is_at_most_60_lines_long(module: Module) -> None:
    long = [(f.name, f.end_lineno - f.lineno + 1) for f in module.functions() if f.end_lineno is not None]

    assert [(name, lines) for name, lines in long if lines > MOST_LINES_OF_A_FUNCTION] == []


def test_the_median_function_is_at_most_ten_lines_long() -> None:
    lengths = [f.end_lineno - f.lineno + 1 for m in MODULES for f in m.functions() if f.end_lineno is not None]

    assert statistics.median(lengths) <= MOST_LINES_OF_THE_MEDIAN_FUNCTION


@each_module
def test_a_module_opens_like_a_manual_page(module: Module) -> None:
    text = ast.get_docstring(module.tree) or ""

    sentences = len(re.findall(r"[.:](\s|$)", text))

    if module.path.name in {"__main__.py", "__init__.py"}:
        assert sentences >= 1
    else:
        assert sentences >= 2, "say what it is, and what it promises or never does"


@each_module
def test_names_say_what_things_are(module: Module) -> None:
    names = [module.path.stem, *(n.name for n in ast.walk(module.tree) if isinstance(n, ast.ClassDef))]

    assert [name for name in names if VAGUE_NAMES.search(name)] == []


@each_module
def test_annotations_are_not_evaluated(module: Module) -> None:
    if len(module.tree.body) > 1 and module.path.name != "__init__.py":
        assert "from __future__ import annotations" in module.text


def test_there_are_at_least_as_many_lines_of_tests_as_of_source() -> None:
    source = sum(len(module.text.splitlines()) for module in MODULES)
    tests = sum(len(path.read_text("utf-8").splitlines()) for path in (ROOT / "tests").rglob("*.py"))

    assert tests >= source
