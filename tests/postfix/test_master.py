"""A real Postfix, started, reloaded, broken, repaired and stopped."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest
from tests.support.gateway import SERVICES, free_port
from tests.support.waiting import wait_until

from sealgate.postfix.master import Instance, Need, Outcome, need_of
from sealgate.postfix.processes import children, has_let_go

if TYPE_CHECKING:
    from tests.support.gateway import Gateway


def texts(outcome: Outcome) -> str:
    return str(outcome)


# -- starting


def test_a_started_instance_answers_on_every_listener(gateway: Gateway) -> None:
    outcome = gateway.instance.start()

    assert outcome.good
    assert [greeting.banner for greeting in outcome.greetings] == ["220 gw.example.test ESMTP Postfix"]
    assert gateway.instance.is_running()


def test_starting_prepares_the_directories(gateway: Gateway) -> None:
    gateway.instance.start()

    assert (gateway.queue / "maildrop").is_dir()


def test_a_running_instance_is_not_started_twice(running: Gateway) -> None:
    pid = running.instance.pid()

    assert "running already" in texts(running.instance.start())
    assert running.instance.pid() == pid


def test_the_instance_outlives_who_started_it(running: Gateway) -> None:
    pid = running.instance.pid()

    assert pid is not None
    assert os.getsid(pid) != os.getsid(0)


@pytest.mark.parametrize(
    ("main", "master", "raw", "words"),
    [
        ({}, "zz\n", "", "master.cf: line 1"),
        ({"myhostname": ""}, None, "", "myhostname"),
        ({"inet_interfaces": "198.51.100.99"}, None, "", "inet_interfaces"),
        ({}, None, "no equals sign\n", "missing '='"),
        ({"message_size_limit": "10MB"}, None, "", "message_size_limit"),
    ],
    ids=["master.cf", "myhostname", "interfaces", "main.cf", "number"],
)
def test_an_instance_that_cannot_start_says_why_and_leaves_nothing_running(
    main: dict[str, str | None], master: str | None, raw: str, words: str, gateway: Gateway
) -> None:
    gateway.write(master=master, raw=raw, **main)

    outcome = gateway.instance.start()

    assert not outcome.good
    assert words in texts(outcome)
    assert not gateway.instance.is_running()


def test_after_a_failed_start_a_repaired_one_works_at_once(gateway: Gateway) -> None:
    gateway.write(master="zz\n")
    gateway.instance.start()
    gateway.write()

    assert gateway.instance.start().good


def test_a_port_in_use_is_named_at_the_start(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", gateway.port)):
        outcome = gateway.instance.start()

    assert "Address already in use" in texts(outcome)
    assert not gateway.instance.is_running()


def test_a_listener_whose_daemon_dies_is_silent_and_the_reason_is_known(gateway: Gateway) -> None:
    gateway.write(smtpd_timeout="5x")

    outcome = gateway.instance.start()

    assert [greeting.listener.port for greeting in outcome.silent] == [gateway.port]
    assert "smtpd_timeout" in texts(outcome)


# -- reloading


def test_after_a_reload_the_new_configuration_is_in_force(running: Gateway) -> None:
    pid = running.instance.pid()
    running.write(smtpd_banner="new banner")

    outcome = running.instance.reload()

    assert outcome.good
    assert outcome.greetings[0].banner == "220 new banner" or outcome.greetings[0].banner == "new banner"
    assert running.instance.pid() == pid


def test_a_reload_takes_up_new_listeners(running: Gateway) -> None:
    port = free_port()
    running.write(master=f"{running.master}127.0.0.1:{port} inet n - n - - smtpd\n")

    outcome = running.instance.reload()

    assert outcome.good
    assert port in [greeting.listener.port for greeting in outcome.greetings]


def test_a_configuration_that_cannot_be_read_is_refused_before_the_signal(running: Gateway) -> None:
    pid = running.instance.pid()
    running.write(master="zz\n")

    outcome = running.instance.reload()

    assert not outcome.good
    assert "not reloaded" in texts(outcome)
    assert running.instance.pid() == pid


def test_a_port_of_another_program_is_refused_before_it_can_kill_the_master(running: Gateway) -> None:
    pid = running.instance.pid()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        running.write(master=f"{running.master}127.0.0.1:{port} inet n - n - - smtpd\n")

        outcome = running.instance.reload()

    assert f"127.0.0.1:{port} is in use" in texts(outcome)
    assert running.instance.pid() == pid


def test_an_instance_that_does_not_run_is_not_reloaded(gateway: Gateway) -> None:
    assert "not running" in texts(gateway.instance.reload())


def test_a_reload_that_breaks_a_daemon_is_seen(running: Gateway) -> None:
    running.write(smtpd_helo_required="maybe")

    outcome = running.instance.reload()

    assert not outcome.good
    assert "smtpd_helo_required" in texts(outcome)


def test_a_restart_lifts_the_throttling_that_a_reload_does_not(running: Gateway) -> None:
    running.write(smtpd_helo_required="maybe", service_throttle_time="60s")
    running.instance.reload()
    position = running.instance.log.end()
    wait_until(
        lambda: any("throttling" in said.text for said in running.instance.complaints_since(position)), "throttled"
    )
    running.write()

    assert not running.instance.reload(timeout=0.5).good
    assert running.instance.restart().good


def test_an_instance_without_any_inet_service_can_be_reloaded(gateway: Gateway) -> None:
    gateway.write(master=SERVICES)
    gateway.instance.start()

    outcome = gateway.instance.reload()

    assert outcome.good
    assert outcome.greetings == ()


def test_a_session_in_progress_survives_a_reload(running: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as session:
        session.recv(1000)
        assert running.instance.reload().good
        session.sendall(b"NOOP\r\n")

        assert session.recv(1000).startswith(b"250")


# -- stopping


def test_a_stopped_instance_holds_no_lock_and_has_no_processes(running: Gateway) -> None:
    pid = running.instance.pid()
    assert pid is not None
    own = children(pid)

    outcome = running.instance.stop()

    assert outcome.good
    assert not running.instance.is_running()
    assert all(map(has_let_go, [pid, *own]))
    assert own


def test_it_can_be_started_again_at_once_after_a_stop(running: Gateway) -> None:
    for _ in range(5):
        assert running.instance.stop().good
        assert running.instance.start().good


def test_the_ports_of_a_stopped_instance_are_free_at_once(running: Gateway) -> None:
    ports = [one.port for one in running.instance.listeners()]
    for _ in range(20):
        assert running.instance.stop().good
        for port in ports:
            socket.create_server(("127.0.0.1", port)).close()
        assert running.instance.start().good


def test_stopping_what_does_not_run_is_no_fault(gateway: Gateway) -> None:
    assert gateway.instance.stop().good


def test_a_master_that_does_not_listen_is_killed_in_the_end(running: Gateway) -> None:
    pid = running.instance.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)

    assert running.instance.stop(timeout=0.3).good
    assert not running.instance.is_running()


def test_a_master_killed_from_outside_is_noticed_and_replaced(running: Gateway) -> None:
    pid = running.instance.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not running.instance.is_running(), "master gone")

    assert running.instance.stop().good
    assert running.instance.start().good


def test_a_process_that_only_has_the_number_of_the_old_master_is_left_alone(gateway: Gateway) -> None:
    gateway.instance.prepare()
    (gateway.queue / "pid/master.pid").write_text(f"{os.getpid()}\n")

    assert gateway.instance.pid() is None
    assert gateway.instance.stop().good


# -- bringing


@pytest.mark.parametrize("need", list(Need))
def test_whatever_is_needed_an_instance_that_does_not_run_is_started(need: Need, gateway: Gateway) -> None:
    assert gateway.instance.bring(need).action == "start"
    assert gateway.instance.is_running()


@pytest.mark.parametrize(
    ("need", "action"), [(Need.NOTHING, "nothing"), (Need.RELOAD, "reload"), (Need.RESTART, "start")]
)
def test_a_running_instance_gets_what_is_needed(need: Need, action: str, running: Gateway) -> None:
    outcome = running.instance.bring(need)

    assert outcome.good
    assert outcome.action == action


@pytest.mark.parametrize(
    ("name", "need"),
    [
        ("inet_interfaces", Need.RESTART),
        ("inet_protocols", Need.RESTART),
        ("queue_directory", Need.RESTART),
        ("relay_domains", Need.RELOAD),
        ("mynetworks", Need.RELOAD),
        ("maillog_file", Need.RELOAD),
    ],
)
def test_what_a_changed_parameter_needs(name: str, need: Need) -> None:
    assert need_of({name: "old"}, {name: "new"}) is need


def test_the_same_configuration_with_the_same_files_needs_nothing() -> None:
    assert need_of({"a": "b"}, {"a": "b"}, files_changed=False) is Need.NOTHING
    assert need_of({"a": "b"}, {"a": "b"}) is Need.RELOAD


def test_a_symbolic_link_as_configuration_can_be_switched_and_reloaded(gateway: Gateway) -> None:
    second = gateway.top / "second"
    second.mkdir()
    for name in ("main.cf", "master.cf"):
        (second / name).write_text((gateway.conf / name).read_text())
    with (second / "main.cf").open("a") as file:
        file.write("smtpd_banner = second release\n")
    os.utime(second / "main.cf", (0, 0))
    link = gateway.top / "live"
    link.symlink_to(gateway.conf)
    instance = Instance(type(gateway.paths)(link, gateway.queue, gateway.data, gateway.log))
    instance.start()
    link.unlink()
    link.symlink_to(second)

    assert instance.reload().greetings[0].banner.endswith("second release")
