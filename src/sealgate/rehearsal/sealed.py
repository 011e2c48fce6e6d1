"""A world of its own for a candidate: own files, own network, own processes; nothing of it can leave or stay.

`run_sealed` starts a Python function in new mount, network, PID and IPC namespaces and gives it a `World`: a root
made of what is listed and nothing else. The system's programs and /etc are there read-only; the release stands at its
true path, the live configuration path leads to it; queue, data and log are empty memory of their own at the live
paths; /run, /tmp and the host's sockets do not exist. The network is `lo` alone, and every address of the internet is
local to it, so a client may come from anywhere and nothing can be sent anywhere. Before the function runs, the
capabilities that could undo this are given up.

When the function ends, when its time is over, or when the caller is killed with -9, the kernel ends every process in
it and forgets its files. Where namespaces are forbidden `NotSealed` says so: the caller reports what it could not
judge. This module and `bootstrap` are the only ones that start programs other than Postfix's. Sources: unshare(1),
setpriv(1), namespaces(7), ip-route(8) (AnyIP), postfix.md §9.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from sealgate.rehearsal import kernel

_PACKAGES = Path(__file__).resolve().parents[2]
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_MOUNT_POINTS = ("/mnt", "/media", "/srv", "/opt", "/boot", "/home")
_TOOLS = ("unshare", "setpriv", "ip")
_ENTRY = (
    "import sys; sys.path[:0] = {places!r}\n"
    "from importlib import import_module\n"
    "from sealgate.rehearsal import sealed\n"
    "sealed.main(import_module({module!r}))"
)


class NotSealed(Exception):  # noqa: N818 - it says what did not happen
    """This machine does not let us close a world off; the text says what is missing."""


@dataclass(frozen=True)
class World:
    """What exists inside. Paths are absolute; `shown` are real paths that keep their place, read-only.

    `fresh` are directories that start empty and can be written, with the bytes that fit (0: no limit of our own).
    `links` are symbolic links to make. `texts` are files with this content. `addresses` are the machine's own.
    """

    shown: tuple[str, ...] = ()
    fresh: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()


def run_sealed(
    world: World, module: str, task: dict[str, Any], *, timeout: float = 60.0, imported_from: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Run `module.perform(task)` inside `world` and return its answer. The calling thread must live as long as it runs.

    The module is one of Sealgate's, or lies in `imported_from`; it may use the standard library and Sealgate only.
    Raises NotSealed when the world cannot be closed off or the function did not answer in time.
    """
    with start_sealed(world, module, task, imported_from=imported_from) as running:
        return running.answer(timeout)


def start_sealed(world: World, module: str, task: dict[str, Any], *, imported_from: tuple[Path, ...] = ()) -> Running:
    """Start as `run_sealed` does and return at once; leaving the context ends everything inside."""
    missing = [tool for tool in _TOOLS if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if missing:
        raise NotSealed(f"the programs {', '.join(missing)} are missing (Debian packages util-linux and iproute2)")
    command = [
        *("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child"),
        *(os.path.realpath(sys.executable), "-I", "-S", "-B", "-c"),
        _ENTRY.format(places=[str(_PACKAGES), *map(str, imported_from)], module=module),
    ]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
    )
    return Running(process, json.dumps({"world": asdict(world), "task": task}).encode())


class Running:
    """A sealed world at work; a context manager that leaves nothing running."""

    def __init__(self, process: subprocess.Popen[bytes], order: bytes) -> None:
        self._process = process
        self._order = order
        assert process.stdin is not None  # noqa: S101 - asked for above
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(order)
            process.stdin.flush()
            process.stdin.close()
        process.stdin = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def answer(self, timeout: float) -> dict[str, Any]:
        """Wait for what the function returned."""
        try:
            output, errors = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise NotSealed(f"the rehearsal did not end within {timeout:.0f} s and was ended") from None
        words = errors.decode("utf-8", "replace").strip()
        if self._process.returncode != 0 or not output:
            raise NotSealed(words.splitlines()[-1] if words else f"status {self._process.returncode}")
        answer: dict[str, Any] = json.loads(output)
        if "not_sealed" in answer:
            raise NotSealed(answer["not_sealed"])
        return answer


def main(module: Any) -> None:
    """Inside the namespaces: read the order, close the world, run the function, write its answer."""
    order = json.loads(sys.stdin.buffer.read() or b"{}")
    if not order:
        return
    data = order["world"]
    world = World(tuple(data["shown"]), data["fresh"], data["links"], data["texts"], tuple(data["addresses"]))
    try:
        enter(world)
    except (OSError, subprocess.SubprocessError) as failure:
        answer = {"not_sealed": f"the world cannot be closed off: {failure}"}
    else:
        answer = module.perform(order["task"])
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()


def enter(world: World) -> None:
    """Make the world around this process, which is alone in its namespaces."""
    _network(world.addresses)
    _files(world)
    kernel.drop_capabilities()


def own_addresses() -> tuple[str, ...]:
    """Return this machine's addresses other than loopback and link-local, without asking a program."""
    found = []
    with contextlib.suppress(OSError):
        last = ""
        for line in Path("/proc/net/fib_trie").read_text().splitlines():
            if "|--" in line:
                last = line.rpartition(" ")[2]
            elif "/32 host LOCAL" in line and not last.startswith("127."):
                found.append(last)
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            digits, _, _, scope = line.split()[:4]
            if scope == "00":
                found.append(":".join(digits[at : at + 4] for at in range(0, 32, 4)))
    return tuple(dict.fromkeys(found))


# -- network


def _network(addresses: tuple[str, ...]) -> None:
    """Bring up `lo` and make every address of both families local to it."""
    four = ["link set lo up", "route add local 0.0.0.0/0 dev lo"]
    four += [f"addr add {address}/32 dev lo" for address in addresses if ":" not in address]
    _ip(four, "-4")
    if Path("/proc/sys/net/ipv6").is_dir():
        six = ["-6 route add local ::/0 dev lo"]
        six += [f"-6 addr add {address}/128 dev lo nodad" for address in addresses if ":" in address]
        _ip(six, "-6")
        Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1")


def _ip(lines: list[str], family: str) -> None:
    program = shutil.which("ip", path="/usr/sbin:/usr/bin:/sbin:/bin") or "ip"
    text = "".join(f"{line.removeprefix(family + ' ')}\n" for line in lines)
    done = subprocess.run(
        [program, family, "-batch", "-"], input=text, text=True, capture_output=True, check=False, cwd="/"
    )
    if done.returncode != 0:
        raise OSError(done.returncode, f"ip {family}: {done.stderr.strip()}")


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
            own.write_text(content)
            _bind(own, place)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)


def _link(top: Path, link: Path, target: str) -> None:
    """Make `link` lead to `target`; where a directory or file of the system stands, lay the target over it."""
    place = _inside(top, str(link))
    if place.exists() and not place.is_symlink():
        _bind(Path(target), place)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def _bind(source: Path, target: Path) -> None:
    """Show `source` at `target`, read-only at once: what is made later in the new root never lands in the old one."""
    kernel.bind(source, target)
    kernel.make_read_only(target)


def _inside(top: Path, path: str) -> Path:
    return top / path.lstrip("/")
