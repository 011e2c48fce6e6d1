"""The sealed world: what is in it, that nothing leaves it, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.waiting import wait_until

from sealgate.rehearsal.network import own_addresses
from sealgate.rehearsal.sealed import NotSealed, World, run_sealed, start_sealed

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture
def inside(tmp_path: Path):
    """Run the body of a function in a sealed world and return what it returns."""

    def run(code: str, world: World | None = None, **task: Any) -> Any:
        body = textwrap.indent(textwrap.dedent(code), "    ")
        (tmp_path / "errand.py").write_text(f"import os, socket, subprocess\n\ndef perform(task):\n{body}\n")
        answer = run_sealed(world or World(), "errand", task, timeout=30, imported_from=(tmp_path,))
        return answer["it"]

    return run


def attempt(code: str) -> str:
    """Return code that tries something and tells the error's name, or that it worked."""
    body = textwrap.indent(textwrap.dedent(code), "    ")
    return f"try:\n{body}\nexcept OSError as failure:\n    return {{'it': failure.strerror}}\nreturn {{'it': 'done'}}"


# -- files


def test_only_what_is_listed_exists(inside, tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown/file").write_text("x")
    (tmp_path / "hidden").mkdir()

    found = inside(
        "return {'it': sorted(os.listdir(task['top']))}", World(shown=(str(tmp_path / "shown"),)), top=str(tmp_path)
    )

    assert found == ["shown"]


@pytest.mark.parametrize("place", ["/run", "/tmp", "/root", "/home", "/sys"])
def test_the_hosts_sockets_and_homes_do_not_exist(place: str, inside) -> None:
    found = inside("return {'it': os.listdir(task['place']) if os.path.isdir(task['place']) else []}", place=place)

    assert found == [] or place == "/tmp"


@pytest.mark.parametrize("place", ["/etc/new", "/usr/new", "/new", "/tmp/new", "/proc/sys/kernel/hostname"])
def test_nothing_but_the_fresh_directories_can_be_written(place: str, inside) -> None:
    code = attempt("open(task['place'], 'w').write('x')")

    assert inside(code, place=place) == "Read-only file system"
    assert not Path("/etc/new").exists()


def test_a_shown_file_cannot_be_changed(inside, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    world = World(shown=(str(tmp_path / "file"),))

    assert (
        inside(attempt("open(task['place'], 'a').write('x')"), world, place=str(tmp_path / "file"))
        == "Read-only file system"
    )
    assert (tmp_path / "file").read_text() == "kept"


def test_a_fresh_directory_is_empty_has_its_size_and_leaves_nothing_outside(inside, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool/live").write_text("live")
    code = """
        before = os.listdir(task['place'])
        open(task['place'] + '/x', 'w').write('x')
        space = os.statvfs(task['place'])
        return {'it': [before, space.f_blocks * space.f_frsize]}
    """

    before, size = inside(code, World(fresh={str(tmp_path / "spool"): 1 << 20}), place=str(tmp_path / "spool"))

    assert before == []
    assert size == 1 << 20
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["live"]


def test_a_link_leads_where_it_is_told_even_if_the_live_one_leads_elsewhere(inside, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.cf").write_text(name)
    (tmp_path / "conf").symlink_to("old")
    world = World(shown=(str(tmp_path / "new"),), links={str(tmp_path / "conf"): str(tmp_path / "new")})

    assert inside("return {'it': open(task['conf'] + '/main.cf').read()}", world, conf=str(tmp_path / "conf")) == "new"
    assert (tmp_path / "conf").readlink() == Path("old")


def test_a_file_of_the_system_can_be_covered_by_another(inside, tmp_path: Path) -> None:
    (tmp_path / "hostname").write_text("sealed.example.test")
    world = World(shown=(str(tmp_path / "hostname"),), links={"/etc/hostname": str(tmp_path / "hostname")})
    before = Path("/etc/hostname").read_text()

    assert inside("return {'it': open('/etc/hostname').read()}", world) == "sealed.example.test"
    assert Path("/etc/hostname").read_text() == before


def test_a_text_replaces_a_file_of_the_system_inside_only(inside) -> None:
    before = Path("/etc/hosts").read_text()

    assert inside("return {'it': open('/etc/hosts').read()}", World(texts={"/etc/hosts": "mine\n"})) == "mine\n"
    assert Path("/etc/hosts").read_text() == before


# -- network


@pytest.mark.parametrize(
    ("source", "target"), [("203.0.113.77", "127.0.0.1"), ("2001:db8::77", "::1"), ("10.9.8.7", "198.51.100.1")]
)
def test_a_client_may_come_from_any_address(source: str, target: str, inside) -> None:
    code = """
        family = socket.AF_INET6 if ":" in task["target"] else socket.AF_INET
        server = socket.create_server((task["target"], 2525), family=family)
        client = socket.create_connection((task['target'], 2525), 5, (task['source'], 0))
        return {'it': server.accept()[1][0]}
    """

    assert inside(code, source=source, target=target) == source


def test_the_network_has_no_way_out(inside) -> None:
    code = "return {'it': sorted(name for _, name in socket.if_nameindex())}"

    assert inside(code) == ["lo"]


def test_a_server_of_the_host_is_not_there(inside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = attempt("socket.create_connection(('127.0.0.1', task['port']), 2)")

        assert inside(code, port=server.getsockname()[1]) == "Connection refused"


def test_a_unix_socket_of_the_host_cannot_be_reached(inside, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "agent.sock"))
        server.listen()
        code = attempt("socket.socket(socket.AF_UNIX).connect(task['path'])")

        assert inside(code, path=str(tmp_path / "agent.sock")) == "No such file or directory"


def test_the_machines_own_addresses_are_its_own_inside_too(inside) -> None:
    code = """
        out = subprocess.run(['ip', '-o', 'addr', 'show', 'dev', 'lo'], capture_output=True, text=True).stdout
        return {'it': out}
    """

    found = inside(code, World(addresses=("192.0.2.33", "2001:db8::33")))

    assert "192.0.2.33/32" in found
    assert "2001:db8::33/128" in found


def test_own_addresses_are_those_of_the_machine_without_loopback() -> None:
    shown = subprocess.run(["ip", "-o", "addr", "show"], capture_output=True, text=True, check=True).stdout

    assert not [address for address in own_addresses() if address.startswith("127.") or address == "::1"]
    for address in own_addresses():
        assert address in shown or ":" in address


# -- the seal


@pytest.mark.parametrize(
    "command",
    [
        ["mount", "-t", "tmpfs", "none", "/run"],
        ["umount", "/etc/resolv.conf"],
        ["ip", "link", "add", "out0", "type", "dummy"],
        ["unshare", "--mount", "true"],
        ["mknod", "/dev/sda", "b", "8", "0"],
    ],
)
def test_what_could_break_the_seal_is_not_permitted(command: list[str], inside) -> None:
    code = "return {'it': subprocess.run(task['command'], capture_output=True).returncode}"

    assert inside(code, command=command) != 0


def test_no_process_of_the_host_can_be_seen(inside) -> None:
    found = inside("return {'it': [int(name) for name in os.listdir('/proc') if name.isdigit()]}")

    assert found == [1]


def test_no_secret_of_the_callers_environment_comes_along(inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALGATE_SECRET", "password")

    assert "SEALGATE_SECRET" not in inside("return {'it': list(os.environ)}")


# -- the end of it


def test_processes_left_inside_end_with_it(inside, tmp_path: Path) -> None:
    marker = f"{os.getpid()}.{time.monotonic_ns()}"

    inside("subprocess.Popen(['sleep', task['marker']], start_new_session=True); return {'it': 1}", marker=marker)

    wait_until(lambda: not _processes_with(marker), "the sleeper is gone")


def test_leaving_early_ends_everything_inside(tmp_path: Path) -> None:
    marker = f"{os.getpid()}.{time.monotonic_ns()}"
    (tmp_path / "errand.py").write_text(
        f"import subprocess\ndef perform(task):\n    subprocess.run(['sleep', '{marker}'])\n"
    )

    with start_sealed(World(), "errand", {}, imported_from=(tmp_path,)):
        wait_until(lambda: _processes_with(marker), "the sleeper runs")

    wait_until(lambda: not _processes_with(marker), "the sleeper is gone")


def test_when_the_caller_is_killed_everything_inside_ends(tmp_path: Path) -> None:
    marker = f"{os.getpid()}.{time.monotonic_ns()}"
    (tmp_path / "errand.py").write_text(
        f"import subprocess\ndef perform(task):\n    subprocess.run(['sleep', '{marker}'])\n"
    )
    caller = subprocess.Popen(
        [
            sys.executable, "-c",
            ("from pathlib import Path; from sealgate.rehearsal.sealed import World, run_sealed\n"
            f"run_sealed(World(), 'errand', {{}}, imported_from=(Path({str(tmp_path)!r}),))"),
        ],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    wait_until(lambda: _processes_with(marker), "the sleeper runs")

    caller.send_signal(signal.SIGKILL)
    caller.wait()

    wait_until(lambda: not _processes_with(marker), "the sleeper is gone")


def test_a_function_that_does_not_end_is_ended_and_said_to_be_late(tmp_path: Path) -> None:
    (tmp_path / "errand.py").write_text("import time\ndef perform(task):\n    time.sleep(600)\n")

    with pytest.raises(NotSealed, match="did not end"):
        run_sealed(World(), "errand", {}, timeout=0.5, imported_from=(tmp_path,))


def test_a_function_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "errand.py").write_text("def perform(task):\n    raise LookupError('no such thing')\n")

    with pytest.raises(NotSealed, match="LookupError: no such thing"):
        run_sealed(World(), "errand", {}, imported_from=(tmp_path,))


def test_what_cannot_be_shown_means_that_the_world_is_not_closed(inside) -> None:
    with pytest.raises(NotSealed, match="cannot be closed off"):
        inside("return {'it': 1}", World(links={"/etc/no-such/main.cf": "/etc/hostname"}))


def test_where_namespaces_are_forbidden_it_is_said(tmp_path: Path) -> None:
    """A process without CAP_SYS_ADMIN stands for a container that forbids namespaces."""
    code = (
        "from pathlib import Path\nfrom sealgate.rehearsal.sealed import NotSealed, World, run_sealed\n"
        "try:\n    run_sealed(World(), 'sealgate.rehearsal.stage', {})\n"
        "except NotSealed as why:\n    print('not sealed:', why)\n"
    )

    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.startswith("not sealed: unshare")


def _processes_with(marker: str) -> list[str]:
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                if marker in (place / "cmdline").read_text() and "sleep" in (place / "cmdline").read_text()[:10]:
                    found.append(place.name)
            except OSError:
                continue
    return found
