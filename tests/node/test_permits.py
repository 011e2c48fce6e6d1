"""Root's list of what own lines may do, and who may write them."""

from __future__ import annotations

import pytest
from tests.node.world import Gateway, applied, basic, judged

from sealgate.model.context import Permits
from sealgate.model.errors import NodeFailed, NotPermitted
from sealgate.node.permits import Allowed, read_permits


def test_without_a_list_nothing_more_is_allowed_and_everybody_may_edit(tmp_path):
    assert read_permits(tmp_path / "permits.toml") == Allowed(Permits(), None)


def test_every_list_is_read(tmp_path):
    path = tmp_path / "permits.toml"
    path.write_text('files = ["/srv/x/"]\nprograms = ["/bin/p"]\npeers = ["192.0.2.7"]\neditors = ["local:alice"]\n')

    assert read_permits(path) == Allowed(Permits(("/srv/x/",), ("/bin/p",), ("192.0.2.7",)), frozenset({"local:alice"}))


@pytest.mark.parametrize("text", ["files = 3", 'files = "/x"', "files = [1]", 'surprise = ["a"]', "[files]", "="])
def test_a_list_that_cannot_be_understood_is_not_guessed_at(tmp_path, text):
    path = tmp_path / "permits.toml"
    path.write_text(text)

    with pytest.raises(NodeFailed, match="Root has to correct it"):
        read_permits(path)


OLD, NEW = {"own-lines": "a"}, {"own-lines": "b"}


@pytest.mark.parametrize(
    ("who", "uid", "new", "editors"),
    [
        ("local:bob", 1000, OLD, frozenset()),
        ("local:bob", 1000, NEW, None),
        ("local:alice", 1000, NEW, frozenset({"local:alice"})),
        ("local:bob", 0, NEW, frozenset()),
    ],
)
def test_who_may_and_who_changes_nothing_is_let_through(who, uid, new, editors):
    Allowed(editors=editors).refuse_foreign_own_lines(who, uid, OLD, new)


@pytest.mark.parametrize("new", [NEW, {}])
def test_others_may_not_change_own_lines(new):
    with pytest.raises(NotPermitted, match="local:bob may not change own lines"):
        Allowed(editors=frozenset({"local:alice"})).refuse_foreign_own_lines("local:bob", 1000, OLD, new)


def test_a_broken_list_stops_judging_with_one_sentence():
    with Gateway() as gateway, gateway.agent() as node:
        gateway.paths.permits.write_text("files = 3")

        with pytest.raises(NodeFailed, match=r"permits\.toml"):
            node.judge(basic())


def test_denied_own_lines_are_never_shown_to_postfix():
    """The deny-list comes first: a debugger command would run as root at the first look."""
    denied = basic(own="debugger_command = touch /tmp/never\n")
    with Gateway() as gateway, gateway.agent() as node:
        report = node.judge(denied)
        made = list(gateway.paths.releases.iterdir())

    assert not report.passed
    assert any(finding["place"]["noun"] == "own-lines" for finding in report.findings)
    assert any("not judged by Postfix" in words for words in report.not_judged)
    assert made == []


def test_a_permitted_file_is_seen_by_the_rehearsal_and_by_postfix(tmp_path):
    table = tmp_path / "extra.cidr"
    table.write_text("192.0.2.0/24 REJECT\n")
    using = basic(own=f"smtpd_client_restrictions = check_client_access cidr:{table}\n")
    with Gateway() as gateway, gateway.agent() as node:
        refused = node.judge(using)
        gateway.paths.permits.write_text(f'files = ["{tmp_path}/"]\n')
        using.own("main-cf", f"smtpd_client_restrictions = check_client_access cidr:{table}, permit_mynetworks\n")
        judged(node, using)

    assert not refused.passed


def test_own_lines_of_the_revision_in_force_stay_when_nobody_touches_them():
    with Gateway() as gateway, gateway.agent() as node:
        applied(node, basic(own="# mine\n"), 1)
        gateway.paths.permits.write_text("editors = []\n")
        report = judged(node, basic("two.example.com", own="# mine\n"))

    assert report.passed
