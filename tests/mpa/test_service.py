"""The service as a whole: its processes, its rights, and what signals and accidents do to it."""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.mpa.conftest import lmtp_session
from tests.support.mpa_program import SOURCE, USER, MpaProgram, is_running
from tests.support.sink import Rule, Sink
from tests.support.smtp_client import SmtpClient
from tests.support.waiting import wait_until

BODY = b"Subject: t\r\n\r\nbody\r\n"


def send(mpa: MpaProgram) -> str:
    with lmtp_session(mpa) as client:
        client.demand("MAIL FROM:<a@b>")
        client.demand("RCPT TO:<c@d>")
        return str(client.lmtp_data(BODY, 1)[0])


@pytest.fixture
def stopped(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        yield mpa


@pytest.fixture
def held():
    """Give an MPA with one message that waits at re-injection: the session, the MPA, and the gate that lets it go."""
    gate = threading.Event()
    rules = [Rule("BODY", "250 2.0.0 Ok: queued as TAKEN", hold=gate)]
    with Sink(rules=rules) as sink, MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start("--drain-seconds", "20")
        with lmtp_session(mpa) as client:
            client.demand("MAIL FROM:<a@b>")
            client.demand("RCPT TO:<c@d>")
            client.demand("DATA")
            client.send(BODY + b".\r\n")
            wait_until(lambda: sink.messages, "the message is at re-injection")
            yield client, mpa, gate
            gate.set()


# processes and rights


def test_no_process_keeps_any_right_of_root(mpa):
    user = pwd.getpwnam(USER)
    for pid in [mpa.pid, *mpa.worker_pids()]:
        status = Path(f"/proc/{pid}/status").read_text()
        ids = re.search(r"^Uid:\t(.*)$", status, re.MULTILINE), re.search(r"^Gid:\t(.*)$", status, re.MULTILINE)
        groups = re.search(r"^Groups:\t(.*)$", status, re.MULTILINE)

        assert [match and match[1].split() for match in ids] == [[str(user.pw_uid)] * 4, [str(user.pw_gid)] * 4]
        assert groups
        assert groups[1].split() == [str(group) for group in os.getgrouplist(USER, user.pw_gid)]
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)


def test_there_are_as_many_workers_as_asked_for_and_each_has_a_socket_of_its_own(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}", workers=3) as mpa:
        mpa.start()
        wait_until(lambda: len(mpa.worker_pids()) == 3, "three workers run")
        listening = [line for line in Path("/proc/net/tcp").read_text().splitlines() if f":{mpa.port:04X} 0" in line]

        assert len([line for line in listening if " 0A " in line]) == 3


def test_one_worker_for_each_core_is_the_default(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}", workers=0) as mpa:
        mpa.start()

        wait_until(lambda: len(mpa.worker_pids()) == len(os.sched_getaffinity(0)), "a worker for each core")


def test_it_runs_without_being_root_as_whoever_started_it(sink, tmp_path):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        arguments = ["--policy", str(mpa.policy_path), "--events", str(mpa.events_path), "--workers", "1"]
        process = subprocess.Popen(
            [sys.executable, "-m", "sealgate.mpa", *arguments, "--user", "nosuchuser"],
            user=USER,
            group=pwd.getpwnam(USER).pw_gid,
            extra_groups=[],
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            env=dict(os.environ, PYTHONPATH=str(SOURCE)),
        )
        mpa.wait_until_greeting()
        answer = send(mpa)
        process.terminate()

        assert answer.startswith("250")
        assert process.wait(30) == 0


def test_listening_on_a_unix_socket_is_shared_by_the_workers(sink, tmp_path):
    path = tmp_path / "mpa"
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}", workers=2, listen=f"unix:{path}") as mpa:
        process = mpa.launch()
        with SmtpClient(str(path)) as client:
            client.ehlo("x", verb="LHLO")
            client.demand("MAIL FROM:<a@b>")
            client.demand("RCPT TO:<c@d>")
            answer = client.lmtp_data(BODY, 1)[0]
        process.terminate()

        assert answer.code == 250
        assert process.wait(30) == 0


# what is wrong at the start is said in a sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--policy", "/nonexistent/policy.json"], "the policy cannot be read: [Errno 2] No such file or directory"),
        (["--user", "nosuchuser"], "the user nosuchuser does not exist; create it, or name another one"),
        (["--user", "root"], "the user root is root; mail is not handled as root, name another one"),
        (["--events", "/nonexistent/events.log"], "/nonexistent/events.log: No such file or directory"),
        (["--listen", "0.0.0.0:10025"], "can be reached by other machines; only loopback addresses are allowed"),
        (["--reinject", "somewhere"], "'somewhere' is no endpoint"),
        (["--listen", "unix:/nonexistent/socket"], "unix:/nonexistent/socket: No such file or directory"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_start_that_is_impossible_ends_with_status_1_and_says_why(stopped, options, sentence):
    process = stopped.launch(*options)

    assert process.wait(30) == 1
    assert sentence in stopped.stderr()
    assert len(stopped.stderr().splitlines()) == 1


def test_a_port_in_use_is_said(stopped):
    with socket.create_server(stopped.address):
        process = stopped.launch()

        assert process.wait(30) == 1
    assert f"127.0.0.1:{stopped.port}: Address already in use" in stopped.stderr()


def test_a_policy_that_only_root_can_read_is_said(stopped):
    stopped.policy_path.chmod(0o600)
    process = stopped.launch()

    assert process.wait(30) == 1
    assert f"as user {USER}: the policy cannot be read: [Errno 13] Permission denied" in stopped.stderr()


def test_with_an_address_given_it_starts_before_there_is_a_policy_and_puts_mail_off_until_then(stopped):
    stopped.policy_path.unlink()
    process = stopped.launch("--listen", f"127.0.0.1:{stopped.port}")
    stopped.wait_until_greeting()
    before = send(stopped)
    stopped.write_policy()
    assert send(stopped).startswith("250")
    process.terminate()

    assert before.startswith("451 4.3.5")
    assert process.wait(30) == 0


# accidents


def test_a_worker_that_is_killed_is_replaced(mpa):
    (worker,) = mpa.worker_pids()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: mpa.worker_pids() not in ([], [worker]), "there is another worker")

    assert send(mpa).startswith("250")
    assert mpa.said(f"worker {worker} ended unasked") == 1


def test_pauses_grow_while_a_worker_keeps_failing(mpa):
    for failure in (1, 2, 3):
        os.kill(wait_for_worker(mpa), signal.SIGKILL)
        wait_for_line(mpa, "ended unasked", failure)

    assert [mpa.said(f"starts in {pause} s") for pause in ("0", "0.5", "1")] == [1, 1, 1]


def wait_for_line(mpa: MpaProgram, words: str, count: int) -> None:
    wait_until(lambda: mpa.said(words) == count, f"{words!r} is said {count} times")


def wait_for_worker(mpa: MpaProgram) -> int:
    pids = wait_until(mpa.worker_pids, "a worker runs")
    assert isinstance(pids, list)
    return int(pids[0])


def test_a_connection_made_while_the_worker_is_being_replaced_is_served_by_the_next(mpa):
    os.kill(mpa.worker_pids()[0], signal.SIGSTOP)
    with socket.create_connection(mpa.address, 30) as connection:
        os.kill(mpa.worker_pids()[0], signal.SIGKILL)

        assert connection.recv(100).startswith(b"220 ")


def test_workers_end_when_the_supervisor_is_killed(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}", workers=2) as mpa:
        mpa.start()
        workers = mpa.worker_pids()
        mpa.signal(signal.SIGKILL)

        wait_until(lambda: not any(map(is_running, workers)), "the workers are gone")


# ending


def test_ending_finishes_the_message_at_work(held):
    client, mpa, gate = held
    mpa.signal(signal.SIGTERM)
    wait_until(lambda: not listens(mpa), "no new connection is taken")
    gate.set()

    assert [client.reply().code, client.reply().code] == [250, 421]
    assert mpa.stop() == 0


def listens(mpa: MpaProgram) -> bool:
    try:
        socket.create_connection(mpa.address, 5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_draining_is_bounded():
    gate = threading.Event()
    rules = [Rule("BODY", "250 2.0.0 Ok", hold=gate)]
    with Sink(rules=rules) as sink, MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start("--drain-seconds", "0.2")
        with lmtp_session(mpa) as client:
            client.demand("MAIL FROM:<a@b>")
            client.demand("RCPT TO:<c@d>")
            client.demand("DATA")
            client.send(BODY + b".\r\n")
            wait_until(lambda: sink.messages, "the message is at re-injection")

            assert mpa.stop() == 0
        gate.set()
        assert mpa.said("1 messages were not finished within 0.2 s") == 1


def test_ending_says_goodbye_to_idle_clients(mpa, session):
    mpa.signal(signal.SIGTERM)

    assert session.reply().code == 421
    assert mpa.stop() == 0


def test_interrupting_ends_it_too(mpa):
    mpa.signal(signal.SIGINT)

    assert mpa.stop() == 0


# the policy


def test_a_reload_brings_the_new_policy_to_every_worker(mpa):
    mpa.write_policy(hostname="other.example.test")
    mpa.reload()
    with SmtpClient(mpa.address) as client:
        assert client.banner.lines[0].startswith("mpa.other.example.test ")


def test_a_new_policy_holds_from_the_next_message_on_without_a_signal(mpa, sink):
    with Sink() as other:
        before = send(mpa)
        mpa.write_policy(reinject=f"127.0.0.1:{other.port}")
        after = send(mpa)

        assert [before[:3], after[:3]] == ["250", "250"]
        assert (len(sink.messages), len(other.messages)) == (1, 1)


def test_an_unreadable_policy_puts_mail_off_and_is_read_again_without_being_asked(mpa, sink):
    mpa.policy_path.write_text("{")
    mpa.reload()
    while_unreadable = send(mpa)
    mpa.write_policy()

    assert while_unreadable.startswith("451 4.3.5")
    assert send(mpa).startswith("250")
    assert len(sink.messages) == 1


def test_a_worker_that_starts_without_a_policy_puts_mail_off_until_there_is_one(mpa):
    mpa.policy_path.write_text("{")
    mpa.reload()
    os.kill(mpa.worker_pids()[0], signal.SIGKILL)
    mpa.wait_until_greeting()
    without = send(mpa)
    mpa.write_policy()

    assert without.startswith("451 4.3.5")
    assert send(mpa).startswith("250")
