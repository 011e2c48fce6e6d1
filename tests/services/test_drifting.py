from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.messages import Facts
from sealgate.link.upkeep import Drift, DriftItem, DriftKind, FileInfo
from sealgate.model.errors import NotFound, NotPermitted
from sealgate.render import render
from sealgate.services import applying, changes, drifting, lookup_tables, own_lines, rows, settings
from sealgate.services.actor import ALL_RIGHTS, Actor, Right
from sealgate.services.desired import desired_state
from sealgate.services.node_facts import guessed
from sealgate.services.rendering import rendered_file
from sealgate.services.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway


class LiveFiles:
    """The live files of a stand-in: what was made, and what hands made of it."""

    def __init__(self, agent: StandIn) -> None:
        self.made: dict[str, str] = {}
        self.live: dict[str, str | None] = {}
        self.adopted: dict[str, str] = {}
        agent.answers |= {
            "drift": lambda _q, _t: self.drift(),
            "adopt": self._adopt,
            "live-file": self._content,
            "overwrite": self._overwrite,
        }

    def drift(self) -> Drift:
        return Drift("r", 1, tuple(self._items()))

    def _items(self) -> Iterator[DriftItem]:
        for name, live in self.live.items():
            made = self.made.get(name)
            if live != made:
                kind = DriftKind.MISSING if live is None else DriftKind.ADDED if made is None else DriftKind.CHANGED
                digest = "" if live is None else hashlib.sha256(live.encode()).hexdigest()
                yield DriftItem(
                    name, kind, digest, "", adopted=self.adopted.get(name) == digest, blocks=made is not None
                )

    def _adopt(self, question: Any, _talk: Any) -> Drift:
        self.adopted |= question.files
        return self.drift()

    def _overwrite(self, question: Any, _talk: Any) -> Drift:
        for name in question.files:
            self.live[name] = self.made[name]
        return self.drift()

    def _content(self, question: Any, talk: Any) -> FileInfo:
        text = (self.made if question.expected else self.live)[question.name] or ""
        talk.content(text.encode())
        return FileInfo(question.name, len(text), "")


@pytest.fixture
def files(agent: StandIn) -> LiveFiles:
    return LiveFiles(agent)


@pytest.fixture
def edited(gateway: Gateway, ann: Actor, files: LiveFiles) -> Callable[[str, Callable[[str], str]], None]:
    """Edit a live file by hand, as the revision in force has it."""

    def edit(name: str, change: Callable[[str], str]) -> None:
        files.made[name] = files.live[name] = rendered_file(gateway, ann, LIVE, name)
        files.live[name] = change(files.made[name])
        assert files.live[name] != files.made[name]

    return edit


def test_a_hand_edit_is_shown(gateway: Gateway, ann: Actor, edited: Any) -> None:
    applying.apply(gateway, ann, "first")
    edited("main.cf", lambda text: text + "mail_name = X\n")

    assert [item.file for item in drifting.show(gateway, ann).unresolved] == ["main.cf"]


def test_a_hand_edit_becomes_a_field_and_an_own_line_of_the_draft(gateway: Gateway, ann: Actor, edited: Any) -> None:
    settings.set_value(gateway, ann, "my-hostname", "a.example.com")
    applying.apply(gateway, ann, "first")
    edited("main.cf", lambda text: text.replace("= a.example", "= b.example") + "mail_name = X\n")

    adopted = drifting.adopt(gateway, ann)

    assert (adopted.files, adopted.findings) == (("main.cf",), ())
    assert {(item.noun, item.key) for item in adopted.differences} == {
        ("setting", "my-hostname"),
        ("own-lines", "main-cf"),
    }
    assert settings.show(gateway, ann, ["my-hostname"])[0].value == "b.example.com"
    assert own_lines.show(gateway, ann, "main-cf").text == "mail_name = X\n"


def test_after_adopting_nothing_is_unresolved(gateway: Gateway, ann: Actor, edited: Any) -> None:
    applying.apply(gateway, ann, "first")
    edited("main.cf", lambda text: text + "mail_name = X\n")

    drifting.adopt(gateway, ann)

    assert drifting.show(gateway, ann).unresolved == ()


def test_what_was_adopted_renders_to_the_live_values(gateway: Gateway, ann: Actor, edited: Any) -> None:
    applying.apply(gateway, ann, "first")
    edited("main.cf", lambda text: text.replace("biff = no", "biff = yes"))
    drifting.adopt(gateway, ann)

    with gateway.store.reading() as reader:
        tree = render(desired_state(reader.draft()), guessed(gateway.settings))
    assert "\nbiff = yes\n" in str(tree.text("main.cf").text)


def test_adopting_twice_is_the_same_as_once(gateway: Gateway, ann: Actor, edited: Any, files: LiveFiles) -> None:
    applying.apply(gateway, ann, "first")
    edited("main.cf", lambda text: text + "mail_name = X\n")
    drifting.adopt(gateway, ann)
    files.adopted.clear()

    again = drifting.adopt(gateway, ann)

    assert (again.files, again.differences, again.findings) == (("main.cf",), (), ())


def test_an_edit_that_cannot_be_said_is_left_with_a_finding(
    gateway: Gateway, ann: Actor, edited: Any, files: LiveFiles
) -> None:
    applying.apply(gateway, ann, "first")
    edited("main.cf", lambda text: text.replace("biff = no\n", "") + "mail_name = X\n")

    adopted = drifting.adopt(gateway, ann)

    assert [finding.code for finding in adopted.findings] == ["drift-not-adoptable"]
    assert (changes.pending(gateway, ann), files.adopted) == ([], {})


def test_a_pending_change_of_the_same_object_is_never_overwritten(gateway: Gateway, ann: Actor, edited: Any) -> None:
    settings.set_value(gateway, ann, "my-hostname", "a.example.com")
    applying.apply(gateway, ann, "first")
    settings.set_value(gateway, ann, "my-hostname", "mine.example.com")
    edited("main.cf", lambda text: text.replace("= a.example", "= b.example"))

    adopted = drifting.adopt(gateway, ann)

    assert [finding.code for finding in adopted.findings] == ["drift-and-draft"]
    assert settings.show(gateway, ann, ["my-hostname"])[0].value == "mine.example.com"


@pytest.fixture
def table(gateway: Gateway, ann: Actor, files: LiveFiles) -> str:
    """A live look-up table `t`; returns its file."""
    rows.add(gateway, ann, "lookup-table", {"name": "t", "type": "hash", "content": "a 1\n"})
    applying.apply(gateway, ann, "first")
    files.made["maps.d/hash-t.map"] = files.live["maps.d/hash-t.map"] = "a 1\n"
    return "maps.d/hash-t.map"


def test_an_edited_lookup_table_is_taken_into_the_draft(
    gateway: Gateway, ann: Actor, files: LiveFiles, table: str
) -> None:
    files.live[table] = "a 2\n"

    drifting.adopt(gateway, ann)

    assert lookup_tables.show(gateway, ann, "t").text == "a 2\n"


def test_a_removed_lookup_table_is_removed_from_the_draft(
    gateway: Gateway, ann: Actor, files: LiveFiles, table: str
) -> None:
    files.live[table] = None

    drifting.adopt(gateway, ann)

    assert rows.listing(gateway, ann, "lookup-table").rows == ()


def test_a_lookup_table_added_by_hand_is_added_to_the_draft(
    gateway: Gateway, ann: Actor, files: LiveFiles, table: str
) -> None:
    files.live["maps.d/pcre-new.map"] = "/a/ REJECT\n"

    drifting.adopt(gateway, ann)

    assert table
    assert lookup_tables.show(gateway, ann, "new").type == "pcre"


def test_a_file_made_from_rows_cannot_be_adopted(gateway: Gateway, ann: Actor, files: LiveFiles, table: str) -> None:
    files.made["maps/mynetworks.cidr"], files.live["maps/mynetworks.cidr"] = "127.0.0.0/8 OK\n", "0.0.0.0/0 OK\n"

    adopted = drifting.adopt(gateway, ann)

    assert table
    assert [(finding.code, finding.place.file) for finding in adopted.findings] == [
        ("drift-not-adoptable", "maps/mynetworks.cidr")
    ]


def test_only_the_files_named_are_adopted(
    gateway: Gateway, ann: Actor, files: LiveFiles, edited: Any, table: str
) -> None:
    files.live[table] = "a 2\n"
    edited("main.cf", lambda text: text + "mail_name = X\n")

    adopted = drifting.adopt(gateway, ann, (table,))

    assert adopted.files == (table,)
    assert [item.file for item in drifting.show(gateway, ann).unresolved] == ["main.cf"]


def test_overwriting_makes_the_files_again(gateway: Gateway, ann: Actor, files: LiveFiles, table: str) -> None:
    files.live[table] = "a 2\n"

    left = drifting.overwrite(gateway, ann)

    assert (left.items, files.live[table]) == ((), "a 1\n")


def test_a_file_that_was_not_edited_is_not_found(gateway: Gateway, ann: Actor, table: str) -> None:
    for act in (drifting.show, drifting.adopt, drifting.overwrite):
        with pytest.raises(NotFound):
            act(gateway, ann, (table,))


def test_overwriting_and_adopting_are_audited(gateway: Gateway, ann: Actor, files: LiveFiles, table: str) -> None:
    files.live[table] = "a 2\n"
    drifting.adopt(gateway, ann)
    drifting.overwrite(gateway, ann)

    with gateway.store.reading() as reader:
        verbs = [entry.verb for entry in reader.audit_newest()]
    assert {"drift-adopt", "drift-overwrite"} <= set(verbs)


def test_adopting_and_overwriting_need_their_rights(gateway: Gateway) -> None:
    for right in (Right.EDIT, Right.RAW, Right.APPLY):
        with pytest.raises(NotPermitted):
            drifting.adopt(gateway, Actor("local:eve", rights=ALL_RIGHTS - {right}))
    with pytest.raises(NotPermitted):
        drifting.overwrite(gateway, Actor("local:eve", rights=ALL_RIGHTS - {Right.APPLY}))


def test_facts_are_kept_for_when_the_agent_is_down(gateway: Gateway, ann: Actor, directory: Any) -> None:
    from tests.support.control_half import stand_in

    from sealgate.services.node_facts import facts

    known = guessed(gateway.settings)
    special = Facts(known.to_json() | {"postfix_version": "3.9.9"}, "3.9.9", ("pcre",), {"myhostname": ""})
    with stand_in(directory, facts=special):
        facts(gateway, ann)

    kept = facts(gateway, ann)
    assert (kept.known, kept.node.postfix_version, kept.parameters) == (True, "3.9.9", {"myhostname": ""})
