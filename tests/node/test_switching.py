"""What a switch does to the running Postfix and to those who talk with it."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import threading
from contextlib import contextmanager

import pytest
from tests.node.crashes import Step, no_space
from tests.node.world import MemoryBundle, applied, basic, judged, obstruct, unlucky
from tests.support.waiting import wait_until

from sealgate.link.messages import Apply, State
from sealgate.model.errors import NodeFailed


@pytest.fixture
def gateway(standing):
    return standing


def pair():
    """Two gateways that take mail for the same domain and differ in a table and in main.cf."""
    first, second = basic("one.example.com"), basic("two.example.com")
    second.add("relay-domain", "example.net")
    return first, second


def connect(gateway):
    return smtplib.SMTP("127.0.0.1", gateway.smtp_port, "client.example.org", timeout=20)


@contextmanager
def looping_clients(gateway, count=3):
    """Clients that ask for a recipient again and again; gives the list of all answers."""
    answers: list[tuple[int, bytes]] = []
    over = threading.Event()

    def loop():
        while not over.is_set():
            with connect(gateway) as client:
                client.helo()
                client.mail("a@example.org")
                answers.append(client.rcpt("b@example.com"))

    clients = [threading.Thread(target=loop) for _ in range(count)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        over.set()
        for client in clients:
            client.join(60)


def test_clients_never_get_a_wrong_answer_while_revisions_are_switched(gateway):
    first, second = pair()
    with gateway.agent() as node:
        applied(node, first, 1)
        judged(node, second)
        with looping_clients(gateway) as answers:
            for number in range(2, 12):
                node.apply(Apply((first, second)[number % 2].digest, number))
            seen = len(answers)
            wait_until(lambda: len(answers) > seen + 10, "clients after the last switch")

    assert {code for code, _ in answers} == {250}


def test_a_reload_keeps_the_running_master(gateway):
    first, second = pair()
    with gateway.agent() as node:
        applied(node, first, 1)
        before = node.status().postfix_pid
        applied(node, second, 2)

        assert node.status().postfix_pid == before


def test_a_change_that_a_reload_does_not_take_up_restarts_postfix(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        before = node.status().postfix_pid
        applied(node, basic("two.example.com", own="inet_protocols = ipv4\n"), 2)

        assert node.status().postfix_pid not in {before, None}


def test_a_session_that_is_open_across_a_switch_goes_on(gateway):
    first, second = pair()
    with gateway.agent() as node:
        applied(node, first, 1)
        with connect(gateway) as client:
            client.helo()
            applied(node, second, 2)

            assert client.mail("a@example.org")[0] == 250
            assert client.rcpt("b@example.com")[0] == 250


def test_an_apply_starts_a_postfix_that_does_not_run(gateway):
    first, second = pair()
    with gateway.agent() as node:
        applied(node, first, 1)
        judged(node, second)
        os.kill(node.status().postfix_pid, signal.SIGKILL)
        outcome = node.apply(Apply(second.digest, 2))

        assert outcome.state is State.CONFIRMED
        assert node.status().postfix_pid is not None


def test_the_same_state_applied_again_is_a_new_revision_on_the_same_release(gateway):
    with gateway.agent() as node:
        first = applied(node, basic(), 1)
        second = applied(node, basic(), 2)
        status = node.status()

    assert first.release == second.release
    assert (status.revision, status.state) == (2, State.CONFIRMED)


def test_a_postfix_that_cannot_be_started_is_tried_again_until_it_can(gateway):
    with gateway.agent() as node:
        applied(node, unlucky(), 1)
        obstruct(gateway, replacing=True)
        os.kill(node.status().postfix_pid, signal.SIGKILL)
        # While it is tried, a master lives for a moment: one look tells that it is down, the next may not.
        wait_until(lambda: any("Postfix does not run" in one for one in node.status().problems), "it is told")
        shutil.rmtree(gateway.paths.spool / "public/extra")
        wait_until(lambda: not node.status().problems, "Postfix is up again", seconds=60)
        status = node.status()

    assert (status.postfix_pid is not None, status.revision) == (True, 1)


def refuse_link(step, path):
    if step == "symlink":
        no_space(step, path)


def test_an_undo_that_the_disk_refused_is_tried_again(gateway):
    """The link cannot be switched back at the deadline; some seconds later it can."""

    step = Step(0, refuse_link, lasting=True)
    with gateway.agent(before=step) as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=1)
        step.armed = True
        wait_until(lambda: "symlink .conf.sealgate-new" in step.seen, "an undo was tried")
        during = node.status()
        step.armed = False
        wait_until(lambda: node.status().state is State.CONFIRMED, "the undo", seconds=60)
        after = node.status()

    assert during.state in {State.SWITCHING, State.ON_WATCH}
    assert after.revision == 1
    assert gateway.linked() == after.release


def test_an_undo_that_was_asked_for_and_refused_says_so(gateway):
    step = Step(0, refuse_link, lasting=True)
    with gateway.agent(before=step) as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=600)
        step.armed = True
        with pytest.raises(NodeFailed, match="No space left on device"):
            node.rollback()
        step.armed = False
        outcome = node.rollback()

    assert (outcome.state, outcome.revision) == (State.UNDONE, 1)


def test_mail_accepted_before_a_rollback_is_still_queued_after_it(gateway):
    first, second = pair()
    with gateway.agent() as node:
        applied(node, first, 1)
        applied(node, second, 2)
        with connect(gateway) as client:
            client.sendmail("a@example.org", ["b@example.net"], "Subject: x\r\n\r\nx\r\n")
        before = {message.id for message in node.queue_list()}
        node.rollback(1)
        after = {message.id for message in node.queue_list()}

    assert before
    assert after == before


def test_a_row_table_changed_many_times_stays_what_the_rows_say(gateway):
    """Each apply changes a copy of the table before; after many the whole is compared."""
    made = basic()
    for number in range(300):
        made.add("transport", {"pattern": f"d{number:03}.example.com", "host": "192.0.2.1"})
    with gateway.agent() as node:
        applied(node, made, 1)
        for number in range(2, 9):
            made = MemoryBundle(made)
            made.add("transport", {"pattern": f"d{number:03}.example.com", "host": f"198.51.100.{number}"})
            made.remove("transport", f"d{100 + number}.example.com")
            applied(node, made, number)
        answers = {key: node.query("transport", key).value for key in ("d005.example.com", "d299.example.com")}
        gone = [node.query("transport", f"d{100 + number}.example.com").value for number in range(2, 9)]

    assert answers == {"d005.example.com": "smtp:[198.51.100.5]", "d299.example.com": "smtp:[192.0.2.1]"}
    assert gone == [None] * 7


def test_status_is_answered_while_a_change_is_under_way(gateway):
    """A reader never waits for the lock of a change."""
    waiting, go_on = threading.Event(), threading.Event()

    def pause(step, _path):
        if step == "reload":
            waiting.set()
            go_on.wait(30)

    step = Step(0, pause, lasting=True)
    first, second = pair()
    with gateway.agent(before=step) as node:
        applied(node, first, 1)
        judged(node, second)
        step.armed = True
        apply = threading.Thread(target=lambda: gateway.node.apply(Apply(second.digest, 2)))
        apply.start()
        assert waiting.wait(30)
        during = node.status()
        go_on.set()
        apply.join(60)
        after = node.status()

    assert (during.state, during.revision) == (State.SWITCHING, 1)
    assert (after.state, after.revision) == (State.CONFIRMED, 2)
