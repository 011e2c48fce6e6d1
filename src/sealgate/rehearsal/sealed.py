"""A world of its own for a candidate: own files, own network, own processes; nothing of it can leave or stay.

`run_sealed` starts a Python function in new mount, network, PID and IPC namespaces and gives it a `World`: a root
made of what is listed and nothing else. The system's programs and /etc are there read-only; the release stands at its
true path, the live configuration path leads to it; queue, data and log are empty memory of their own at the live
paths; /run, /tmp and the host's sockets do not exist. The network is `lo` alone, or that of the gateway and an
artificial internet around it (`network`); nothing can be sent anywhere else. Before the function runs, the capabilities
that could undo this are given up.

When the function ends, when its time is over, or when the caller is killed with -9, the kernel ends every process in
it and forgets its files. Where namespaces are forbidden `NotSealed` says so: the caller reports what it could not
judge. This module and `bootstrap` are the only ones that start programs other than Postfix's. Sources: unshare(1),
setpriv(1), namespaces(7), postfix.md §9.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from sealgate.model.errors import Refused
from sealgate.rehearsal import kernel, network

_PACKAGES = Path(__file__).resolve().parents[2]
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_MOUNT_POINTS = ("/mnt", "/media", "/srv", "/opt", "/boot", "/home")
_TOOLS = ("unshare", "setpriv")
_SHORTAGES = (
    *(os.strerror(number) for number in (errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EMFILE)),
    *("can't start new thread", "MemoryError"),
)
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_ENTRY = (
    "import sys; sys.path[:0] = {places!r}\n"
    "from importlib import import_module\n"
    "from sealgate.rehearsal import sealed\n"
    "sealed.main(import_module({module!r}))"
)
_ENTRY_APART = _ENTRY.replace("sealed.main(", "sealed.main_apart(")
_TIDYING = 20.0
"""Seconds in which a process that was asked to end gently may tidy up."""


Process = subprocess.Popen[bytes]


class NotSealed(Exception):  # noqa: N818 - it says what did not happen
    """This machine does not let us close a world off; the text says what is missing."""


class Forbidden(NotSealed):
    """This machine forbids namespaces, or lacks what makes them; the text says what."""


@dataclass(frozen=True)
class World:
    """What exists inside. Paths are absolute; `shown` are real paths that keep their place, read-only.

    `fresh` are directories that start empty and can be written, with the bytes that fit (0: no limit of our own).
    `links` are symbolic links to make. `texts` are files with this content. `addresses` are the machine's own.
    With an `internet` there is a second network, which the function is given as an argument; `down` are addresses
    that nobody can connect to there, `inner` addresses of clients that are inside the gateway's. Without `ipv6` the
    world has none.
    """

    shown: tuple[str, ...] = ()
    fresh: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    internet: bool = False
    inner: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    ipv6: bool = True


def run_sealed(
    world: World, module: str, task: dict[str, Any], *, timeout: float = 60.0, imported_from: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Run `module.perform(task)` inside `world` and return its answer. The calling thread must live as long as it runs.

    The module is one of Sealgate's, or lies in `imported_from`; it may use the standard library and Sealgate only.
    Raises NotSealed when the world cannot be closed off or the function did not answer in time, and Refused when the
    machine is short of memory, processes or files for it.
    """
    with start_sealed(world, module, task, imported_from=imported_from) as running:
        return running.answer(timeout)


def start_sealed(world: World, module: str, task: dict[str, Any], *, imported_from: tuple[Path, ...] = ()) -> Running:
    """Start as `run_sealed` does and return at once; leaving the context ends everything inside."""
    missing = [tool for tool in _TOOLS if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if missing:
        raise Forbidden(f"the programs {', '.join(missing)} are missing (Debian package util-linux)")
    command = [
        *("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child"),
        *(os.path.realpath(sys.executable), "-I", "-S", "-B", "-c"),
        _ENTRY.format(places=[str(_PACKAGES), *map(str, imported_from)], module=module),
    ]
    return Running(_started(command), json.dumps({"world": asdict(world), "task": task}).encode())


def start_apart(
    module: str, task: dict[str, Any], *, gently: bool = False, imported_from: tuple[Path, ...] = ()
) -> Running:
    """Start `module.perform(task)` in a process of its own that is not sealed, and return at once.

    It ends with the calling thread. `gently`: it is asked to end (SIGTERM) and tidies up, instead of being killed. Only
    the standard library and Sealgate can be imported there, and what lies in `imported_from`.
    """
    if shutil.which("setpriv", path=_ENVIRONMENT["PATH"]) is None:
        raise Forbidden("the program setpriv is missing (Debian package util-linux)")
    command = [
        *("setpriv", "--pdeathsig", "TERM" if gently else "KILL"),
        *(os.path.realpath(sys.executable), "-I", "-S", "-B", "-c"),
        _ENTRY_APART.format(places=[str(_PACKAGES), *map(str, imported_from)], module=module),
    ]
    return Running(_started(command), json.dumps({"task": task}).encode(), gently=gently)


def _started(command: list[str]) -> Process:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env=_ENVIRONMENT,
        )
    except OSError as failure:
        raise shortage(str(failure)) or NotSealed(str(failure)) from failure


class Running:
    """A process at work, sealed or apart; a context manager that leaves nothing running."""

    def __init__(self, process: Process, order: bytes, *, gently: bool = False) -> None:
        self._process = process
        self._order = order
        self._gently = gently
        assert process.stdin is not None  # noqa: S101 - asked for above
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(order)
            process.stdin.flush()
            process.stdin.close()
        process.stdin = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL) if self._gently else (signal.SIGKILL,):
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_TIDYING)
        self._process.communicate()

    def answer(self, timeout: float) -> dict[str, Any]:
        """Wait for what the function returned."""
        try:
            output, errors = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise NotSealed(f"the rehearsal did not end within {timeout:.0f} s and was ended") from None
        words = errors.decode("utf-8", "replace").strip()
        if self._process.returncode != 0 or not output:
            last = words.splitlines()[-1] if words else f"status {self._process.returncode}"
            if last.startswith("unshare:"):  # "no space left" is a limit of namespaces here
                raise Forbidden(last)
            raise shortage(last) or NotSealed(last)
        answer: dict[str, Any] = json.loads(output)
        if "not_sealed" in answer:
            raise shortage(answer["not_sealed"]) or Forbidden(answer["not_sealed"])
        return answer


def shortage(words: str) -> Refused | None:
    """Return the refusal when words say that a lack of memory, processes, space or files ended a rehearsal."""
    if not any(shortage in words for shortage in _SHORTAGES):
        return None
    return Refused(
        f"The rehearsal could not be held, this machine is short of something it needs ({words}). Nothing was changed. "
        "Free memory, processes or disk space and try again."
    )


def main(module: Any) -> None:
    """Inside the namespaces: read the order, close the world, run the function, write its answer."""
    order = json.loads(sys.stdin.buffer.read() or b"{}")
    if not order:
        return
    world = World(**order["world"])
    try:
        place = enter(world)
    except (OSError, subprocess.SubprocessError) as failure:
        answer = {"not_sealed": f"the world cannot be closed off: {failure}"}
    else:
        answer = module.perform(order["task"], *([place] if world.internet else []))
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()


def main_apart(module: Any) -> None:
    """In a process apart: read the order, run the function, write its answer."""
    order = json.loads(sys.stdin.buffer.read() or b"{}")
    if order:
        sys.stdout.write(json.dumps(module.perform(order["task"])))
        sys.stdout.flush()


def enter(world: World) -> network.Place:
    """Make the world around this process, which is alone in its namespaces; return where its clients come from."""
    if world.internet:
        place = network.with_internet(world.addresses, world.inner, world.down, ipv6=world.ipv6)
    else:
        place = network.alone(world.addresses, ipv6=world.ipv6)
    _files(world)
    kernel.drop_capabilities()
    return place


def libraries() -> tuple[Path, ...]:
    """Return where the installed packages are that this Python may import: for programs of Sealgate's inside."""
    found = (Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))
    return tuple(dict.fromkeys(place for place in found if place.is_dir()))


def start_inside(module: str, places: tuple[str, ...], arguments: list[str], output: Path) -> Process:
    """Start one of Sealgate's programs in the world, as `python -m` does; what it says goes to a file."""
    code = f"import sys, runpy; sys.path[:0] = {[str(_PACKAGES), *places]!r}\nsys.argv[0] = {module!r}\n"
    code += f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    with output.open("wb") as said:
        return subprocess.Popen(
            [os.path.realpath(sys.executable), "-I", "-S", "-B", "-c", code, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            cwd="/",
            env=_ENVIRONMENT,
        )


# -- files


def _files(world: World) -> None:
    os.umask(0o022)
    sources = [Path(sys.base_prefix), _PACKAGES, *map(Path, world.shown)]
    top = _mount_point(sources)
    kernel.mount("none", Path("/"), flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("sealgate", top, "tmpfs", kernel.MS_NOSUID, "mode=0755,size=64m")
    _system(top)
    for source in sources:
        _show(top, source)
    for path in ("proc", "dev", "tmp", "run", "var/tmp"):
        (top / path).mkdir(parents=True, exist_ok=True)
    for name in _DEVICES:
        (top / "dev" / name).touch()
        _bind(Path("/dev") / name, top / "dev" / name)
    _texts(top, world)
    for path in world.fresh:
        _inside(top, path).mkdir(parents=True, exist_ok=True)
    for link, target in world.links.items():
        _link(top, Path(link), target)
    kernel.make_read_only(top)
    for path, space in world.fresh.items():
        size = f",size={space}" if space else ""
        kernel.mount("sealgate", _inside(top, path), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"mode=0755{size}")
    kernel.mount("proc", top / "proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    kernel.make_read_only(top / "proc")
    kernel.change_root(top)


def _mount_point(sources: list[Path]) -> Path:
    """Choose a directory to build the new root on: any one that hides nothing we still need."""
    for name in _MOUNT_POINTS:
        if Path(name).is_dir() and not any(source.is_relative_to(name) for source in sources):
            return Path(name)
    raise OSError(f"none of {', '.join(_MOUNT_POINTS)} can be used to build the rehearsal's root on")


def _system(top: Path) -> None:
    """Show the directories of programs, libraries and system settings, with the links between them."""
    for name in _SYSTEM:
        source = Path("/") / name
        if source.is_symlink():
            (top / name).symlink_to(source.readlink())
        elif source.is_dir():
            (top / name).mkdir()
            _bind(source, top / name)


def _show(top: Path, source: Path) -> None:
    target = _inside(top, str(source))
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    _bind(source, target)


def _texts(top: Path, world: World) -> None:
    """Put files with own content over those of the system; a link leads to a place that is ours to fill."""
    for number, (name, content) in enumerate(world.texts.items()):
        path = Path(name)
        place = _inside(top, os.path.realpath(path))
        if place.exists():
            own = top / f".text{number}"
            own.write_text(content, "utf-8", "surrogateescape")
            os.utime(own, (place.stat().st_mtime,) * 2)  # a young main.cf would make every program wait
            _bind(own, place)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)


def _link(top: Path, link: Path, target: str) -> None:
    """Make `link` lead to `target`; where a directory or file of the system stands, lay the target over it."""
    place = _inside(top, str(link))
    if place.exists() and not place.is_symlink():
        shown = _inside(top, target)  # where it may have other content than outside
        _bind(shown if shown.exists() else Path(target), place)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def _bind(source: Path, target: Path) -> None:
    """Show `source` at `target`, read-only at once: what is made later in the new root never lands in the old one."""
    kernel.bind(source, target)
    kernel.make_read_only(target)


def _inside(top: Path, path: str) -> Path:
    return top / path.lstrip("/")
