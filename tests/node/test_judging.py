"""Judging: one call, one report, and what never happens to a live shared."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import replace

import pytest
from tests.node.crashes import DirectTalk
from tests.node.world import Gateway, MemoryBundle, applied, basic, judged

from sealgate.link.codec import to_json
from sealgate.link.messages import Apply, Grade, Judge, Progress, State
from sealgate.model.errors import NodeFailed, Refused
from sealgate.model.findings import Finding, Severity
from sealgate.node import judging
from sealgate.render import NodeFacts, render, settled


def findings(report):
    return [Finding.from_json(data) for data in report.findings]


def with_table(kind, text):
    made = basic()
    made.table(kind, "mine", text)
    made.own("main-cf", f"smtpd_sender_restrictions = check_sender_access {kind}:$maps_d_dir/{kind}-mine.map\n")
    return made


def test_findings_come_with_errors_first(node):
    made = with_table("hash", "no-value\n")
    order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    ranks = [order.index(found.severity) for found in findings(node.judge(made))]

    assert ranks == sorted(ranks)


def test_a_broken_look_up_table_is_named_with_its_line(node):
    found = findings(node.judge(with_table("hash", "a OK\nno-value\n")))

    assert any((f.place.noun, f.place.key, f.place.line) == ("lookup-table", "mine", 2) for f in found)


def test_a_broken_pattern_is_named_with_its_line(node):
    found = findings(node.judge(with_table("pcre", "/ok/ OK\n/un(closed/ REJECT\n")))

    assert any(f.severity is Severity.ERROR and f.place.line == 2 for f in found)


def test_progress_tells_what_is_being_done(node):
    heard: list[Progress] = []
    node.judge(basic("progress.example.com"), progress=heard.append)
    texts = [step.text for step in heard]

    assert "receiving the candidate" in texts
    assert "running the release in a sealed world" in texts


def test_the_report_says_what_was_judged(node):
    report = judged(node, basic("words.example.com"))

    assert any("desired state" in words for words in report.judged)
    assert any("every listener" in words for words in report.judged)
    assert report.seconds > 0


def test_judging_touches_neither_link_nor_live_files(shared, node):
    before = shared.linked(), (shared.paths.conf / "main.cf").stat()
    judged(node, basic("elsewhere.example.com"))

    assert (shared.linked(), (shared.paths.conf / "main.cf").stat()) == before
    assert node.status().state is State.CONFIRMED


def test_a_tree_that_control_rendered_in_the_same_way_is_taken(node):
    """The facts cross the link, so both halves name and render the release alike."""
    made = Promising(basic("same.example.com"), node)

    assert node.judge(made).tree == made.header.tree


def test_a_tree_that_control_rendered_differently_is_refused(node):
    made = Promising(basic("differs.example.com"), node, spoil=True)

    with pytest.raises(Refused, match="render this candidate differently"):
        node.judge(made)


class Promising(MemoryBundle):
    """A bundle whose header has the digest of what control rendered."""

    def __init__(self, made, node, *, spoil=False):
        super().__init__(made)
        from sealgate import __version__
        from sealgate.link.bundle import release_name
        from sealgate.model.desired import DesiredState, MemoryRows
        from sealgate.model.mta import settings_from
        from sealgate.model.nouns import NOUNS
        from sealgate.model.objects import Row

        rows = MemoryRows()
        for noun, table in made.tables.items():
            for row in table.values() if noun in NOUNS else ():
                rows.put(Row(noun, row.key, NOUNS[noun].parse(row.fields), row.comment, row.enabled, row.position))
        values = {key: row.fields["value"] for key, row in made.tables["setting"].items()}
        desired = DesiredState(settings_from(values), rows)
        facts = settled(desired, NodeFacts.from_json(node.facts().node))
        name = release_name(made.digest, facts.digest(), __version__)
        directory = facts.release_dir.rpartition("/")[0]
        self.tree = "0" * 64 if spoil else render(desired, facts.for_release(f"{directory}/{name}")).digest()

    @property
    def header(self):
        return replace(super().header, tree=self.tree)


def test_a_confirmation_does_not_wait_for_a_judgement(shared):
    """A long rehearsal keeps nobody from keeping or undoing what is on watch."""
    with Gateway() as other, other.agent() as node:
        applied(node, basic("one.example.com"), 1, keep_for=600)
        release, holding = threading.Event(), threading.Event()

        class Slow(MemoryBundle):
            def rows(self, noun):
                holding.set()
                release.wait(30)
                yield from super().rows(noun)

        judge = threading.Thread(target=lambda: other.node.judge(Slow(basic("two.example.com"))))
        judge.start()
        assert holding.wait(30)
        outcome = node.confirm()
        release.set()
        judge.join(60)

    assert outcome.state is State.CONFIRMED


def test_a_bundle_that_breaks_off_leaves_the_agent_well(shared, node):
    class Breaking(MemoryBundle):
        def rows(self, noun):
            raise ConnectionError("control fell over")

    with pytest.raises(ConnectionError):
        node.judge(Breaking(basic("broken.example.com")))

    assert judged(node, basic("broken.example.com")).passed


def test_of_very_many_findings_the_first_cross_and_the_others_are_counted(node):
    """Several thousand dead patterns, each with a finding of its own."""
    made = basic()
    made.table("pcre", "many", "".join(f"/un(closed{number}/ REJECT\n" for number in range(judging.MOST_FINDINGS + 50)))
    made.own("main-cf", "smtpd_sender_restrictions = check_sender_access pcre:$maps_d_dir/pcre-many.map\n")
    report = node.judge(made)

    assert len(report.findings) <= judging.MOST_FINDINGS
    assert not report.passed


def test_a_report_that_was_lost_is_made_again(shared, node):
    report = node.judge(basic("lost.example.com"))
    (shared.paths.reports / f"{report.release}.json").unlink()
    again = node.judge(basic("lost.example.com"))

    assert not again.cached
    assert again.release == report.release


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"digest": 1})])
def test_a_report_that_cannot_be_read_is_made_again(shared, node, text):
    report = node.judge(basic("spoilt.example.com"))
    (shared.paths.reports / f"{report.release}.json").write_text(text)

    assert not node.judge(basic("spoilt.example.com")).cached


def test_a_release_that_was_spoilt_is_made_and_judged_again(shared, node):
    report = judged(node, basic("touched.example.com"))
    main = shared.paths.release(report.release) / "main.cf"
    made = main.read_text()
    main.write_text("spoilt\n")
    again = judged(node, basic("touched.example.com"))

    assert not again.cached
    assert main.read_text() == made


def test_a_secret_that_does_not_open_is_told_and_nothing_is_made(shared, node):
    made = basic("secret.example.com")
    made.secrets["s9"] = b"not sealed to this node at all, not even close"
    made.add("sasl", {"host": "smtp.example.net", "user": "u", "password": "s9"})

    with pytest.raises(NodeFailed, match="cannot be opened with this node's key"):
        node.judge(made)
    assert not [path for path in shared.paths.releases.iterdir() if path.name.startswith(".new-")]


class TestStatus:
    """What the status says beside the revision."""

    def test_an_mpa_that_answers_is_seen(self, shared, node):
        before = node.status().mpa_answers
        with socket.create_server(("127.0.0.1", shared.mpa_port)) as server:

            def speak():
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"220 mpa ready\r\n")

            mpa = threading.Thread(target=speak)
            mpa.start()
            during = node.status().mpa_answers
            mpa.join(20)

        assert (before, during) == (False, True)

    def test_free_space_and_versions_are_told(self, node):
        status = node.status()

        assert status.free_bytes > 0
        assert status.postfix_version.startswith("3.")
        assert status.version

    def test_the_last_outcome_is_told(self, node):
        last = node.status().last

        assert last.state is State.CONFIRMED
        assert "every service answers" in last.text

    def test_since_when_and_why_is_told(self, node):
        judged(node, basic("why.example.com"))
        node.apply(Apply(basic("why.example.com").digest, 2, "because of the move"))
        status = node.status()

        assert status.comment == "because of the move"
        assert abs(status.since - time.time()) < 600
        node.rollback(1)


def test_a_direct_question_and_one_over_the_link_are_answered_alike(shared, node):
    from sealgate.node.agent import Agent

    with Gateway() as other:
        agent = Agent(other.paths, other.ports, other.access)
        made = basic("alike.example.com")
        report = agent.handlers()["judge"](Judge(to_json(made.header), Grade.PROBE), DirectTalk(made))  # type: ignore[arg-type]

    assert report.passed
    assert report.digest == judged(node, made).digest
