"""What the agent knows of its machine and of a running Postfix: facts, listeners, the MPA, the thread that keeps it."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from tests.node.world import applied, basic
from tests.support.waiting import wait_until

from sealgate.model.errors import Refused
from sealgate.node.agent import Agent
from sealgate.node.facts import Machine
from sealgate.node.health import Health
from sealgate.node.journal import Journal, Point
from sealgate.node.keeping import Keeper
from sealgate.node.stores import Stores
from sealgate.postfix.files import Files
from sealgate.postfix.master import Instance, Need
from sealgate.render import Endpoint


def health_of(gateway, mpa=None):
    return Health(gateway.paths, Instance(gateway.paths.instance), mpa or gateway.ports.mpa)


def opened():
    return len(list(Path("/proc/self/fd").iterdir()))


class TestFacts:
    """What releases are made for."""

    def machine(self, gateway, authorities):
        return Machine(gateway.paths, gateway.ports, Stores.open(gateway.paths).neutral, authorities=authorities)

    def test_the_trusted_certificates_are_named_where_they_are(self, gateway, tmp_path):
        (tmp_path / "all.crt").write_text("")

        assert self.machine(gateway, tmp_path / "all.crt").facts().ca_file == str(tmp_path / "all.crt")

    def test_without_trusted_certificates_no_file_is_named(self, gateway, tmp_path):
        assert self.machine(gateway, tmp_path / "none").facts().ca_file == ""


class TestMpa:
    """Whether the MPA greets."""

    @pytest.mark.parametrize(("banner", "answers"), [(b"220 here\r\n", True), (b"421 no\r\n", False), (b"", False)])
    def test_only_a_greeting_counts(self, gateway, banner, answers):
        with socket.create_server(("127.0.0.1", 0)) as server:

            def serve():
                connection, _ = server.accept()
                with connection:
                    connection.sendall(banner)

            thread = threading.Thread(target=serve)
            thread.start()
            port = server.getsockname()[1]

            assert health_of(gateway, Endpoint("127.0.0.1", port)).mpa_answers() is answers
            thread.join()

    def test_where_nobody_listens_nothing_answers(self, gateway):
        assert not health_of(gateway).mpa_answers()


class TestListeners:
    """Which listeners answer, and which cannot be had."""

    def test_those_that_do_not_answer_are_named_with_the_reason(self, gateway):
        with gateway.agent() as node:
            release = applied(node, basic(), 1).release
            while_it_runs = health_of(gateway).silent(release, 5.0)
        afterwards = health_of(gateway).silent(release, 0.2)

        assert while_it_runs == {}
        assert set(afterwards) == {f"127.0.0.1:{gateway.smtp_port}", f"127.0.0.1:{gateway.reinject_port}"}
        assert all("refused" in reason for reason in afterwards.values())

    def test_a_port_that_another_program_holds_is_refused_before_a_switch(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
        standing = Journal(gateway.paths.journal, Files()).read()
        assert standing is not None
        assert standing.in_force is not None
        with (
            socket.create_server(("127.0.0.1", gateway.smtp_port)),
            pytest.raises(Refused, match=f"Another program listens on 127.0.0.1:{gateway.smtp_port}"),
        ):
            health_of(gateway).refuse_busy_ports(standing.in_force)

    def test_what_does_not_run_needs_a_start(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
        assert health_of(gateway).need(Point(1, "r", "d"), Point(2, "s", "e")) is Need.RESTART


class TestKeeper:
    """The thread that keeps Postfix running."""

    def test_a_postfix_that_should_run_is_started_and_the_keeper_leaves_nothing_open(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
        instance = Instance(gateway.paths.instance)
        before = opened()
        keeper = Keeper(instance, threading.Lock(), lambda: True)
        keeper.start()
        wait_until(instance.is_running, "Postfix runs")
        keeper.stop()

        assert opened() <= before

    def test_what_should_not_run_is_left_alone_until_it_should(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
        instance, wanted, asked = Instance(gateway.paths.instance), threading.Event(), threading.Event()

        def is_wanted():
            asked.set()
            return wanted.is_set()

        keeper = Keeper(instance, threading.Lock(), is_wanted)
        keeper.start()
        assert asked.wait(20)
        before = instance.is_running()
        wanted.set()
        keeper.look()
        wait_until(instance.is_running, "Postfix runs")
        keeper.stop()

        assert not before

    def test_an_agent_that_never_served_keeps_nothing_open(self, gateway):
        Agent(gateway.paths, gateway.ports, gateway.access).recover()
        before = opened()
        for _ in range(5):
            Agent(gateway.paths, gateway.ports, gateway.access).recover()

        assert opened() == before
