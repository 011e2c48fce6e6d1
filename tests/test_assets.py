"""The bundling of the scripts: what it is made from, when it is done again, what a wheel gets. Without network."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
assets = runpy.run_path(str(ROOT / "tools/assets.py"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the bundles are made from."""
    place = tmp_path / "tree"
    shutil.copytree(ROOT / "assets", place / "assets", ignore=shutil.ignore_patterns("node_modules"))
    (place / "tools").mkdir()
    for name in ("assets.py", "build_hook.py"):
        shutil.copy(ROOT / "tools" / name, place / "tools" / name)
    return place


@pytest.fixture
def made(tree: Path, tmp_path: Path) -> Path:
    """Bundles that are taken for current."""
    place = tmp_path / "made"
    place.mkdir()
    (place / "pages.js").write_text("// the bundle\n")
    (place / "made-from").write_text(assets["digest"](tree))
    return place


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be fetched, and nothing was before."""
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_offline", "true")


def test_every_package_is_locked_by_hash_and_without_an_address() -> None:
    text = (ROOT / "assets/package-lock.json").read_text("utf-8")
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}

    assert packages
    assert [name for name, one in packages.items() if not one["integrity"].startswith("sha512-")] == []
    assert "resolved" not in text
    assert "://" not in text


def test_the_lock_is_of_the_packages_that_are_asked_for() -> None:
    asked = json.loads((ROOT / "assets/package.json").read_text("utf-8"))["dependencies"]
    lock = json.loads((ROOT / "assets/package-lock.json").read_text("utf-8"))

    assert lock["packages"][""]["dependencies"] == asked


def test_bundles_that_are_current_are_not_made_again_and_need_no_network(tree: Path, made: Path, offline: None) -> None:
    assets["make"](tree, made)

    assert (made / "pages.js").read_text() == "// the bundle\n"


@pytest.mark.parametrize(
    "name", ["assets/pages/main.js", "assets/package-lock.json", "assets/.npmrc", "tools/assets.py"]
)
def test_a_change_of_any_source_makes_them_old(tree: Path, made: Path, name: str) -> None:
    with (tree / name).open("a", encoding="utf-8") as file:
        file.write("\n")

    assert not assets["is_current"](tree, made)


def test_what_was_there_stays_when_they_cannot_be_made(tree: Path, made: Path, offline: None) -> None:
    (tree / "assets/pages/main.js").write_text("new();\n")

    with pytest.raises(subprocess.CalledProcessError):
        assets["make"](tree, made)

    assert (made / "pages.js").read_text() == "// the bundle\n"
    assert sorted(path.name for path in made.parent.iterdir() if path.name.startswith(".assets")) == []


def test_a_wheel_has_the_bundles_in_the_package(tree: Path, made: Path, tmp_path: Path, offline: None) -> None:
    shutil.copytree(ROOT / "src/sealgate/model", tree / "src/sealgate/model")
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, tree / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "wheels")]

    subprocess.run(command, cwd=tree, env={**os.environ, "SEALGATE_ASSETS": str(made)}, check=True, capture_output=True)

    with zipfile.ZipFile(next((tmp_path / "wheels").glob("*.whl"))) as wheel:
        assert wheel.read("sealgate/web/static/built/pages.js") == b"// the bundle\n"


def test_the_installer_bundles_only_what_is_not_current(tmp_path: Path) -> None:
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/bin/python").symlink_to(sys.executable)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/made-from").write_text(assets["digest"](ROOT))
    script = f"set -e; repository={ROOT}; . {ROOT}/tools/install.sh; make_assets {tmp_path}/env {tmp_path}/log"

    run = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
