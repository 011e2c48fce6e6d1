"""Nothing leaves a full rehearsal, nothing of it stays, and it disturbs neither another one nor the live gateway."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.staged import PORT, plan, staged, trial
from tests.support.states import state
from tests.support.waiting import wait_until

from sealgate.link.messages import Grade
from sealgate.model.errors import Refused
from sealgate.postfix.digests import tree_digest
from sealgate.postfix.master import InstancePaths
from sealgate.rehearsal.judging import Judge
from sealgate.rehearsal.network import own_addresses
from sealgate.rehearsal.resources import Needs
from sealgate.rehearsal.running import run
from sealgate.rehearsal.sealed import World, run_sealed
from sealgate.rehearsal.trials import Internet, Plan, Server

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

SOURCE = Path(__file__).resolve().parents[2] / "src"
FULL = World(internet=True, addresses=("192.0.2.33", "2001:db8::33"))
WORLDS = pytest.mark.parametrize("world", [World(), FULL], ids=["probe", "full"])


@pytest.fixture
def inside(tmp_path: Path):
    """Run the body of a function in a sealed world; `internet` is its second network, None when it has none."""

    def run_it(code: str, world: World = FULL, **task: Any) -> Any:
        body = textwrap.indent(textwrap.dedent(code), "    ")
        head = "import os, socket, subprocess, threading\n\ndef perform(task, internet=None):\n"
        (tmp_path / "errand.py").write_text(head + body + "\n")
        return run_sealed(world, "errand", task, timeout=30, imported_from=(tmp_path,))["it"]

    return run_it


REACH = """
    def reach(host, port):
        try:
            with socket.create_connection((host, port), 2) as found:
                return found.recv(20).decode()
        except OSError as failure:
            return 'no'
    found = [reach(host, task['port']) for host in task['hosts']]
    if internet is not None:
        answers = []
        for host in task['hosts']:
            def there(host=host):
                family = socket.AF_INET6 if ':' in host else socket.AF_INET
                with socket.socket(family) as one:
                    one.settimeout(2)
                    try:
                        one.connect((host, task['port']))
                        return one.recv(20).decode()
                    except OSError:
                        return 'no'
            answers.append(internet.call(there))
        found += answers
    return {'it': found}
"""


@WORLDS
def test_no_server_of_the_host_can_be_reached_on_any_of_its_addresses(world: World, inside) -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        threading.Thread(target=_greeter, args=(server,), daemon=True).start()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), 2) as known:
            assert known.recv(20) == b"outside"

        hosts = ["127.0.0.1", "::1", *own_addresses()]

        assert set(inside(REACH, world, hosts=hosts, port=port)) == {"no"}


def _greeter(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"outside")


@WORLDS
def test_an_abstract_socket_of_the_host_cannot_be_reached(world: World, inside) -> None:
    name = f"\0sealgate-test-{os.getpid()}-{time.monotonic_ns()}"
    code = """
        def reach():
            with socket.socket(socket.AF_UNIX) as one:
                try:
                    one.connect(task['name'])
                    return 'reached'
                except OSError as failure:
                    return failure.strerror
        return {'it': [reach()] + ([internet.call(reach)] if internet else [])}
    """
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()

        assert set(inside(code, world, name=name)) == {"Connection refused"}


def test_a_socket_in_a_live_queue_and_its_mail_cannot_be_reached(inside, tmp_path: Path) -> None:
    queue = tmp_path / "spool"
    (queue / "public").mkdir(parents=True)
    (queue / "maildrop").mkdir()
    (queue / "maildrop/mail").write_text("live")
    code = "return {'it': [os.path.exists(path) for path in task['paths']]}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(queue / "public/pickup"))
        server.listen()
        paths = [str(queue / "public/pickup"), str(queue / "maildrop/mail")]
        world = World(internet=True, fresh={str(queue): 0})

        assert inside(code, world, paths=paths) == [False, False]


@pytest.mark.parametrize("place", ["/var/mail", "/var/spool/postfix", "/run/systemd/resolve", "/var/lib/postfix"])
def test_mailboxes_and_state_of_the_host_do_not_exist(place: str, inside) -> None:
    assert inside("return {'it': os.path.exists(task['place'])}", place=place) is False


@pytest.mark.parametrize("address", ["8.8.8.8", "192.0.2.53", "2001:4860:4860::8888"])
def test_a_question_to_a_resolver_outside_ends_inside(address: str, inside) -> None:
    """Every address is the artificial internet's: what is sent there arrives at a socket that was opened inside."""
    code = """
        family = socket.AF_INET6 if ':' in task['address'] else socket.AF_INET
        server = internet.call(lambda: socket.socket(family, socket.SOCK_DGRAM))
        server.bind((task['address'], 53))
        server.settimeout(5)
        client = socket.socket(family, socket.SOCK_DGRAM)
        client.sendto(b'question', (task['address'], 53))
        return {'it': server.recv(100).decode()}
    """

    assert inside(code, address=address) == "question"


@WORLDS
def test_both_networks_have_no_link_but_those_between_them(world: World, inside) -> None:
    code = """
        names = lambda: sorted(name for _, name in socket.if_nameindex())
        return {'it': [names(), internet.call(names) if internet else []]}
    """

    assert inside(code, world) == ([["gw0", "lo"], ["inet0", "lo"]] if world.internet else [["lo"], []])


@pytest.mark.parametrize("where", ["gateway", "internet"])
@pytest.mark.parametrize(
    "command",
    [
        ["mount", "-t", "tmpfs", "none", "/run"],
        ["ip", "link", "add", "out0", "type", "dummy"],
        ["nsenter", "--target", "1", "--net", "true"],
        ["unshare", "--net", "true"],
    ],
)
def test_neither_side_can_open_the_seal(where: str, command: list[str], inside) -> None:
    code = """
        go = lambda: subprocess.run(task['command'], capture_output=True).returncode
        return {'it': internet.call(go) if task['where'] == 'internet' else go()}
    """

    assert inside(code, command=command, where=where) != 0


def test_a_world_without_ipv6_has_none(inside) -> None:
    code = """
        def own(family, address):
            try:
                with socket.socket(family) as one:
                    one.bind((address, 0))
                return True
            except OSError:
                return False
        return {'it': [own(socket.AF_INET, '127.0.0.1'), own(socket.AF_INET6, '::1')]}
    """

    assert inside(code, World(internet=True, addresses=FULL.addresses, ipv6=False)) == [True, False]


# -- the live gateway


def test_a_full_rehearsal_touches_nothing_live() -> None:
    with staged(state({"my-hostname": "gw.example.com"}, {"relay-domain": ["example.com"]})) as (judge, release):
        (judge.live.queue_dir / "deferred").mkdir(parents=True)
        (judge.live.queue_dir / "deferred/mail").write_text("live mail")
        judge.live.data_dir.mkdir(exist_ok=True)
        places = (release, judge.live.queue_dir, judge.live.data_dir)
        before = [tree_digest(place) for place in places], Path("/etc/resolv.conf").read_bytes()

        run(judge, release, plan(trial("a"), verbose=True), Grade.FULL)

        assert ([tree_digest(place) for place in places], Path("/etc/resolv.conf").read_bytes()) == before


def test_a_port_of_the_live_gateway_is_free_inside() -> None:
    desired = state({"my-hostname": "gw.example.com"}, {"relay-domain": ["example.com"]})
    with socket.create_server(("0.0.0.0", PORT)) if _free(PORT) else socket.socket(), staged(desired) as made:
        assert run(*made, plan(trial("a")), Grade.FULL).ended["a"].queue_id


def _free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


# -- the end of it


@pytest.fixture
def small(gateway: Gateway) -> tuple[Judge, Path]:
    """A configuration that starts quickly, with a marker in its path that finds its processes."""
    return Judge(gateway.paths, gateway.top / "neutral"), gateway.conf


CALLER = """
from pathlib import Path
from sealgate.link.messages import Grade
from sealgate.postfix.master import InstancePaths
from sealgate.rehearsal.judging import Judge
from sealgate.rehearsal.running import run
from sealgate.rehearsal.trials import Client, Plan, Trial, Until
top = Path({top!r})
live = InstancePaths(top / 'conf', top / 'spool', top / 'data', top / 'log/mail.log')
trials = tuple(Trial(f't{{n}}', '127.0.0.1', {port}, Client('203.0.113.9'), 'a@b.example', ('x@relay.test',),
    Until.MESSAGE) for n in range(30))
print('begun', flush=True)
while True:
    run(Judge(live, top / 'neutral'), top / 'conf', Plan(trials), Grade.FULL)
"""


@pytest.mark.parametrize("milters", ["", "unix:/run/opendkim/s, unix:private/m, inet:127.0.0.1:8891, inet:m.example:9"])
@pytest.mark.parametrize("after", [0.0, 0.03, 0.1, 0.2, 0.35, 0.6])
def test_when_the_caller_is_killed_nothing_of_a_rehearsal_stays(after: float, milters: str, gateway: Gateway) -> None:
    """However far it was: processes, their namespaces and mounts are gone, and no file was made; stand-ins as well."""
    gateway.write(smtpd_milters=milters)
    mounts = Path("/proc/self/mountinfo").read_text()
    code = CALLER.format(top=str(gateway.top), port=gateway.port)
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    caller = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert caller.stdout is not None
    caller.stdout.readline()
    threading.Event().wait(after)

    caller.send_signal(signal.SIGKILL)
    caller.wait()
    caller.stdout.close()

    wait_until(lambda: not _processes_of(gateway.top), "every process of the rehearsal is gone")
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert {path.name for path in gateway.top.iterdir()} <= {"conf", "neutral"}


def _processes_of(top: Path) -> list[str]:
    """Return the processes whose command, mounts or namespaces speak of a gateway directory."""
    found = []
    mine = Path("/proc/self/ns/mnt").readlink()
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                named = str(top) in (place / "cmdline").read_text()
                if named or ((place / "ns/mnt").readlink() != mine and str(top) in (place / "mountinfo").read_text()):
                    found.append(place.name)
            except OSError:
                continue
    return [one for one in found if int(one) != os.getpid()]


def test_two_hundred_rehearsals_in_a_row_leave_nothing(small: tuple[Judge, Path], gateway: Gateway) -> None:
    def traces() -> tuple[object, ...]:
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        files = sorted(path.relative_to(gateway.top) for path in gateway.top.rglob("*"))
        return descriptors, threading.active_count(), Path("/proc/self/mountinfo").read_text(), files

    run(*small, Plan(), Grade.FULL)
    before = traces()

    gateway.write(myhostname="")  # it does not start, so a rehearsal takes a fraction of a second
    for number in range(200):
        run(*small, Plan(), Grade.FULL if number % 2 else Grade.PROBE)

    wait_until(lambda: not _processes_of(gateway.top), "every process of the rehearsals is gone")
    assert traces() == before


def test_ten_rehearsals_at_once_do_not_disturb_each_other() -> None:
    """All of one release, each with another next hop: none sees the mail of another."""
    desired = state(
        {"my-hostname": "gw.example.com", "internal-relay-host": "inside.example.org:2600"},
        {"relay-domain": ["example.com"]},
    )
    world = Internet(servers={"inside.example.org": Server()}, ports=(2600,))
    seen: dict[int, Any] = {}
    with staged(desired) as (judge, release):

        def rehearse(number: int) -> None:
            seen[number] = run(judge, release, plan(trial(f"n{number}"), internet=world), Grade.FULL)

        threads = [threading.Thread(target=rehearse, args=(number,)) for number in range(10)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    assert {number: [a.trial for a in one.arrivals if a.trial] for number, one in seen.items()} == {
        number: [f"n{number}"] for number in range(10)
    }


# -- short of something


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (Needs(memory=1 << 60), "MiB of memory are free"),
        (Needs(processes=1 << 40), "more processes may be started"),
        (Needs(disk=1 << 60), "has .* KiB left"),
    ],
)
def test_when_the_machine_is_short_of_something_it_is_refused_with_its_name(needs: Needs, words: str, gateway) -> None:
    judge = Judge(gateway.paths, gateway.top / "neutral", needs=needs)

    with pytest.raises(Refused, match=words):
        judge.full(gateway.conf)
    with pytest.raises(Refused, match="Nothing was changed"):
        run(judge, gateway.conf, Plan(), Grade.PROBE)


def test_a_limit_of_processes_is_seen_before_anything_is_started(gateway: Gateway) -> None:
    """A control group that allows few processes stands for a machine that is full."""
    group = Path(f"/sys/fs/cgroup/pids/sealgate-test-{os.getpid()}")
    unified = Path(f"/sys/fs/cgroup/sealgate-test-{os.getpid()}")
    place = group if group.parent.is_dir() else unified
    place.mkdir()
    try:
        (place / "pids.max").write_text("60")
        code = CALLER.format(top=str(gateway.top), port=gateway.port).replace("while True:", "if True:")
        shell = f'echo $$ > {place}/cgroup.procs; exec {sys.executable} -c "$CODE"'
        done = subprocess.run(
            ["sh", "-c", shell], env=os.environ | {"PYTHONPATH": str(SOURCE), "CODE": code},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        place.rmdir()

    assert "Refused: The rehearsal was not started" in done.stderr
    assert "more processes may be started, 250 are needed" in done.stderr


def test_a_lack_of_processes_half_way_is_a_refusal_too(gateway: Gateway) -> None:
    """The limit leaves room to begin and not to go on; what is missing is said and nothing is left."""
    code = CALLER.format(top=str(gateway.top), port=gateway.port).replace("while True:", "if True:")
    code = code.replace("top / 'neutral')", "top / 'neutral', needs=Needs(processes=0))")
    code = "from sealgate.rehearsal.resources import Needs\n" + code
    group = Path(f"/sys/fs/cgroup/pids/sealgate-test-half-{os.getpid()}")
    unified = Path(f"/sys/fs/cgroup/sealgate-test-half-{os.getpid()}")
    place = group if group.parent.is_dir() else unified
    place.mkdir()
    try:
        (place / "pids.max").write_text("4")
        shell = f'echo $$ > {place}/cgroup.procs; exec {sys.executable} -c "$CODE"'
        done = subprocess.run(
            ["sh", "-c", shell], env=os.environ | {"PYTHONPATH": str(SOURCE), "CODE": code},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        wait_until(lambda: not (place / "cgroup.procs").read_text(), "the group is empty")
        place.rmdir()

    assert "Refused: The rehearsal could not be held" in done.stderr


def test_a_full_disk_where_the_judge_writes_is_a_refusal(gateway: Gateway) -> None:
    code = (
        "from pathlib import Path\nfrom sealgate.postfix.master import InstancePaths\n"
        "from sealgate.rehearsal.judging import Judge\n"
        f"top = Path({str(gateway.top)!r})\n"
        "live = InstancePaths(top / 'conf', top / 'spool', top / 'data', top / 'log/mail.log')\n"
        "Judge(live, top / 'full/neutral').full(top / 'conf')\n"
    )
    (gateway.top / "full").mkdir()
    shell = f'mount -t tmpfs -o size=4k none {gateway.top}/full; exec {sys.executable} -c "$CODE"'

    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", shell], env=os.environ | {"PYTHONPATH": str(SOURCE), "CODE": code},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "Refused: The rehearsal was not started" in done.stderr


def test_where_namespaces_are_forbidden_the_report_says_what_was_not_judged(gateway: Gateway) -> None:
    code = (
        "from pathlib import Path\nfrom sealgate.postfix.master import InstancePaths\n"
        "from sealgate.rehearsal.judging import Judge\n"
        f"top = Path({str(gateway.top)!r})\n"
        "live = InstancePaths(top / 'conf', top / 'spool', top / 'data', top / 'log/mail.log')\n"
        "found = Judge(live, top / 'neutral').full(top / 'conf')\n"
        "print(*found.not_judged, sep='\\n')\n"
    )

    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert "namespaces are forbidden here" in done
    assert "every next hop that was tried" in done
    assert "unshare" in done


def test_live_paths_are_those_of_the_instance(gateway: Gateway) -> None:
    """The judge of another gateway directory never names this one."""
    live = InstancePaths(gateway.conf, gateway.queue, gateway.data, gateway.log)

    assert set(Judge(live, gateway.top / "n").world(gateway.conf).fresh) == {
        str(gateway.queue), str(gateway.data), str(gateway.log.parent),
    }  # fmt: skip
