"""The agent as a whole, on a real Postfix and over its real socket: from a bundle to a revision in force, and back."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import threading

import pytest
from tests.node.world import Gateway, applied, basic, judged, obstruct, unlucky
from tests.support.ports import lease_port
from tests.support.waiting import wait_until

from sealgate.link.messages import Apply, Grade, State
from sealgate.model.errors import Conflict, InvalidValue, NotFound, Refused
from sealgate.postfix.master import Instance


@pytest.fixture
def gateway(standing):
    return standing


def banner(gateway):
    with smtplib.SMTP(timeout=20) as client:
        return client.connect("127.0.0.1", gateway.smtp_port)[1].decode()


def test_a_new_node_says_that_nothing_is_in_force(gateway):
    with gateway.agent() as node:
        status = node.status()

    assert (status.state, status.revision, status.postfix_pid) == (State.NONE, None, None)
    assert "No revision is in force yet" in status.problems[0]


def test_an_applied_candidate_is_confirmed_and_postfix_answers(gateway):
    with gateway.agent() as node:
        applied(node, basic(), 1)
        status = node.status()

    assert (status.state, status.revision, status.confirmed_revision) == (State.CONFIRMED, 1, 1)
    assert status.listeners
    assert all(listener.answers for listener in status.listeners)
    assert not status.problems


def test_the_live_link_names_the_release_that_is_in_force(gateway):
    with gateway.agent() as node:
        report = applied(node, basic(), 1)

    assert gateway.linked() == report.release


def test_the_next_revision_answers_after_the_switch(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        before = banner(gateway)
        applied(node, basic("two.example.com"), 2)
        after = banner(gateway)

    assert "one.example.com" in before
    assert "two.example.com" in after


def test_a_candidate_that_was_not_judged_is_refused(gateway):
    with gateway.agent() as node, pytest.raises(Refused, match="has not passed a full rehearsal on this node"):
        node.apply(Apply("d" * 64, 1))


def test_a_candidate_that_did_not_pass_is_refused_and_says_why(gateway):
    broken = basic(own="smtpd_client_restrictions = reject_everything_please\n")
    with gateway.agent() as node:
        report = node.judge(broken)
        with pytest.raises(Refused, match="has not passed"):
            node.apply(Apply(broken.digest, 1))

    assert not report.passed
    assert any("reject_everything_please" in finding["what"] for finding in report.findings)


def test_a_candidate_is_judged_once():
    with Gateway() as gateway, gateway.agent() as node:
        first, second = judged(node, basic()), judged(node, basic())

    assert not first.cached
    assert second.cached
    assert second.release == first.release


def test_a_report_of_the_full_grade_says_that_mail_went_through(gateway):
    with gateway.agent() as node:
        report = node.judge(basic(), Grade.FULL)

    assert report.passed
    assert (report.grade, report.not_judged) == (Grade.FULL, ())
    assert any("mail on its way" in words for words in report.judged)


@pytest.mark.parametrize("revision", [0, -1])
def test_a_revision_is_numbered_from_one(gateway, revision):
    with gateway.agent() as node, pytest.raises(Refused, match="numbered from 1"):
        node.apply(Apply("d" * 64, revision))


@pytest.mark.parametrize("seconds", [0, -5, 8 * 86400])
def test_a_watch_of_senseless_length_is_refused(gateway, seconds):
    with gateway.agent() as node, pytest.raises(Refused, match="from one second to 7 days"):
        node.apply(Apply("d" * 64, 1, keep_for=seconds))


class TestRollback:
    """Back to an earlier revision, from the node's own copies."""

    def test_the_revision_before_is_in_force_again(self, gateway):
        with gateway.agent() as node:
            applied(node, basic("one.example.com"), 1)
            applied(node, basic("two.example.com"), 2)
            outcome = node.rollback()
            text = banner(gateway)

        assert (outcome.state, outcome.revision) == (State.CONFIRMED, 1)
        assert "one.example.com" in text

    def test_any_confirmed_revision_can_be_named(self, gateway):
        with gateway.agent() as node:
            for number in (1, 2, 3):
                applied(node, basic(f"h{number}.example.com"), number)
            node.rollback(1)
            outcome = node.rollback(3)

        assert outcome.revision == 3

    def test_a_revision_that_the_node_does_not_have_is_not_found(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)

            with pytest.raises(NotFound, match="Revision 7 was never confirmed on this node"):
                node.rollback(7)

    def test_the_revision_in_force_needs_no_rollback(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
            outcome = node.rollback(1)

        assert "in force already" in outcome.text

    def test_without_an_earlier_revision_there_is_no_way_back(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)

            with pytest.raises(Refused, match="no earlier confirmed revision"):
                node.rollback()

    def test_the_end_of_a_watch_that_is_over_goes_back_no_further(self, gateway):
        with gateway.agent() as node:
            applied(node, basic("one.example.com"), 1)
            applied(node, basic("two.example.com"), 2)

            with pytest.raises(Conflict, match="Revision 2 is not on watch any more"):
                node.rollback(watched=2)
            revision = node.status().revision

        assert revision == 2

    def test_a_watch_is_ended_by_the_number_that_was_seen(self, gateway):
        with gateway.agent() as node:
            applied(node, basic("one.example.com"), 1)
            applied(node, basic("two.example.com"), 2, keep_for=600)
            outcome = node.rollback(watched=2)

        assert (outcome.state, outcome.revision) == (State.UNDONE, 1)

    def test_a_release_whose_directory_was_spoilt_is_made_again_from_second_copies(self, gateway):
        with gateway.agent() as node:
            first = applied(node, basic("one.example.com"), 1)
            applied(node, basic("two.example.com"), 2)
            directory = gateway.paths.release(first.release)
            (directory / "main.cf").write_text("this = is not it\n")
            (directory / "maps/relay_domains.lmdb").unlink()
            node.rollback(1)
            drift = node.drift()

        assert drift.items == ()
        assert "one.example.com" in (gateway.paths.conf / "main.cf").read_text()


class TestFailingApply:
    """A revision that passes every test and still does not run on this machine."""

    @pytest.fixture
    def failing(self):
        return unlucky("two.example.com")

    def test_it_is_undone_by_itself_with_the_evidence(self, gateway, failing):
        with gateway.agent() as node:
            applied(node, basic("one.example.com"), 1)
            judged(node, failing)
            obstruct(gateway)
            outcome = node.apply(Apply(failing.digest, 2))
            text = banner(gateway)

        assert (outcome.state, outcome.revision) == (State.UNDONE, 1)
        assert any("public/extra" in line for line in outcome.evidence)
        assert "one.example.com" in text

    def test_an_address_that_the_machine_has_not_does_not_pass_the_rehearsal(self, gateway):
        wanting = basic("two.example.com")
        wanting.own("master-cf", "198.51.100.7:2599 inet n - n - - smtpd\n")
        with gateway.agent() as node:
            applied(node, basic("one.example.com"), 1)
            report = node.judge(wanting, Grade.FULL)

        assert not report.passed
        assert any("bind 198.51.100.7 port 2599" in one["what"] for one in report.findings)

    def test_it_is_not_applied_under_the_same_number_again(self, gateway, failing):
        with gateway.agent() as node:
            applied(node, basic("one.example.com"), 1)
            judged(node, failing)
            obstruct(gateway)
            node.apply(Apply(failing.digest, 2))

            with pytest.raises(Refused, match="undone by itself"):
                node.apply(Apply(failing.digest, 2))

    def test_a_port_that_another_program_holds_is_refused_before_the_switch(self, gateway):

        port, wanting = lease_port(), basic("two.example.com")
        wanting.own("master-cf", f"127.0.0.1:{port} inet n - n - - smtpd\n")
        with gateway.agent() as node, socket.create_server(("127.0.0.1", port)):
            applied(node, basic("one.example.com"), 1)
            judged(node, wanting)
            with pytest.raises(Refused, match=f"Another program listens on 127.0.0.1:{port}"):
                node.apply(Apply(wanting.digest, 2))
            status = node.status()

        assert (status.state, status.revision) == (State.CONFIRMED, 1)


class TestPostfix:
    """The agent keeps Postfix running."""

    def test_a_master_that_was_killed_is_started_again(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
            killed = node.status().postfix_pid
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: node.status().postfix_pid not in {None, killed}, "another master")

            assert "gw.example.com" in banner(gateway)

    def test_postfix_stops_with_the_agent_and_starts_with_the_next(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
        stopped = Instance(gateway.paths.instance).is_running()
        with gateway.agent() as node:
            status = node.status()

        assert not stopped
        assert status.postfix_pid is not None
        assert (status.state, status.revision) == (State.CONFIRMED, 1)

    def test_a_master_that_outlived_a_killed_agent_is_taken_over(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
        Instance(gateway.paths.instance).start()
        survivor = Instance(gateway.paths.instance).pid()
        with gateway.agent() as node:
            pid = node.status().postfix_pid

        assert pid == survivor

    def test_stopping_over_the_link_ends_agent_and_postfix(self, gateway):
        with gateway.agent() as node:
            applied(node, basic(), 1)
            node.stop()
            wait_until(lambda: not gateway.paths.socket.exists(), "the socket is gone")
            wait_until(lambda: not Instance(gateway.paths.instance).is_running(), "Postfix is stopped")


def test_a_lost_journal_leaves_what_the_link_names(gateway):
    with gateway.agent() as node:
        report = applied(node, basic(), 1)
    gateway.paths.journal.write_text("not a journal")
    with gateway.agent() as node:
        status = node.status()

    assert status.release == report.release
    assert status.postfix_pid is not None
    assert gateway.paths.journal.with_name("journal.json.unreadable").exists()


def test_a_link_that_was_turned_elsewhere_is_turned_back_at_the_start(gateway, tmp_path):
    with gateway.agent() as node:
        report = applied(node, basic(), 1)
    gateway.paths.conf.unlink()
    gateway.paths.conf.symlink_to(tmp_path)
    with gateway.agent() as node:
        status = node.status()

    assert gateway.linked() == report.release
    assert all(listener.answers for listener in status.listeners)


def test_old_candidates_are_thrown_away_and_confirmed_revisions_kept(gateway):
    with gateway.agent() as node:
        first = applied(node, basic("one.example.com"), 1)
        reports = [judged(node, basic(f"c{number}.example.com")) for number in range(8)]
        kept = {path.name for path in gateway.paths.releases.iterdir()}

    assert first.release in kept
    assert reports[-1].release in kept
    assert reports[0].release not in kept


def test_two_changes_happen_one_after_the_other(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        candidates = [basic(f"c{number}.example.com") for number in range(2)]
        for candidate in candidates:
            judged(node, candidate)
        outcomes = []
        threads = [
            threading.Thread(target=lambda n=n, c=c: outcomes.append(gateway.node.apply(Apply(c.digest, n))))
            for n, c in enumerate(candidates, 2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert [outcome.state for outcome in outcomes] == [State.CONFIRMED, State.CONFIRMED]
    assert outcomes[-1].release == gateway.linked()


def test_facts_name_the_machine_and_its_postfix(gateway):
    with gateway.agent() as node:
        facts = node.facts()

    assert facts.node["config_dir"] == str(gateway.paths.conf)
    assert "lmdb" in facts.map_types
    assert "relay_domains" in facts.parameters
    assert facts.postfix_version.startswith("3.")


def test_hello_names_version_and_process(gateway):
    with gateway.agent() as node:
        assert node.hello().pid == os.getpid()


class TestKeys:
    """The node group's key."""

    def test_the_public_key_is_where_the_control_half_looks(self, gateway):
        with gateway.agent() as node:
            assert gateway.paths.public_key.read_bytes() == node.public_key().key

    def test_the_private_key_is_for_root_only(self, gateway):
        with gateway.agent():
            pass

        assert gateway.paths.key.stat().st_mode & 0o777 == 0o600
        assert gateway.paths.node.stat().st_mode & 0o777 == 0o700

    def test_the_key_is_the_same_after_a_restart(self, gateway):
        with gateway.agent() as node:
            before = node.public_key()
        with gateway.agent() as node:
            assert node.public_key() == before

    def test_a_backup_makes_another_node_the_same(self, gateway):
        with gateway.agent() as node, Gateway() as other, other.agent() as second:
            restored = second.restore_keys("four words are fine", node.backup_keys("four words are fine"))

            assert restored == node.public_key() == second.public_key()

    def test_a_backup_does_not_open_with_other_words(self, gateway):
        with gateway.agent() as node:
            sealed = node.backup_keys("four words are fine")

            with pytest.raises(InvalidValue, match="passphrase does not open"):
                node.restore_keys("other words are wrong", sealed)
