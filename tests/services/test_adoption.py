from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.control_half import make_directory

from sealgate.model.desired import DesiredState
from sealgate.model.mta import SETTINGS, settings_from
from sealgate.model.parameters import OwnLines
from sealgate.render import render
from sealgate.render.own_lines import parameter_values
from sealgate.services.adoption import Adopted, adopt_main, adopt_master
from sealgate.services.node_facts import guessed
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealgate.render import NodeFacts

OWN = "# mine\nsmtpd_banner = hello\n\nbiff = yes\n"


@pytest.fixture
def node(tmp_path: Path) -> NodeFacts:
    make_directory(tmp_path / "gw")
    return guessed(Settings.load(tmp_path / "gw"))


def state(own_main: str = "", own_master: str = "", **settings: Any) -> DesiredState:
    named = {name.replace("_", "-"): value for name, value in settings.items()}
    return DesiredState(settings_from(named), main_cf=OwnLines(own_main), master_cf=OwnLines(own_master))


def after(desired: DesiredState, adopted: Adopted) -> DesiredState:
    """The state with what was adopted."""
    values = {SETTINGS[n].attribute: SETTINGS[n].parse(v) for n, v in adopted.settings.items()}
    changed = dataclasses.replace(desired, settings=dataclasses.replace(desired.settings, **values))
    return changed if adopted.own is None else dataclasses.replace(changed, main_cf=OwnLines(adopted.own))


def values(main_cf: str) -> dict[str, str]:
    """What Postfix reads from a main.cf: the last definition of a name counts, blanks do not."""
    return {name: " ".join(value.split()) for name, value in parameter_values(main_cf).items()}


def main_of(desired: DesiredState, node: NodeFacts) -> str:
    return str(render(desired, node).text("main.cf").text)


def master_of(desired: DesiredState, node: NodeFacts) -> str:
    return str(render(desired, node).text("master.cf").text)


def edit_main(desired: DesiredState, node: NodeFacts, edit: Callable[[str], str]) -> Adopted:
    made = main_of(desired, node)
    live = edit(made)
    assert live != made
    return adopt_main(desired, node, made, live)


def replaced(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text, f"{old!r} is not in the file"
        return text.replace(old, new)

    return edit


@pytest.mark.parametrize(
    ("settings", "edit", "expected"),
    [
        (
            {"my_hostname": "a.example.com"},
            replaced(
                "myhostname = a.example.com\nmydomain = example.com\n",
                "myhostname = b.example.com\nmydomain = example.com\n",
            ),
            {"my-hostname": "b.example.com"},
        ),
        (
            {"external_relay_host": {"host": "a.example.net"}},
            replaced("default_transport = smtp:[a.example.net]", "default_transport = smtp:[b.example.net]:587"),
            {"external-relay-host": {"host": "b.example.net", "port": 587, "mx": False}},
        ),
        (
            {"external_relay_host": {"host": "a.example.net"}},
            replaced("default_transport = smtp:[a.example.net]", "default_transport = smtp:a.example.net"),
            {"external-relay-host": {"host": "a.example.net", "port": 25, "mx": True}},
        ),
        (
            {"external_relay_host": {"host": "a.example.net"}},
            replaced("default_transport = smtp:[a.example.net]", "default_transport = smtp"),
            {"external-relay-host": None},
        ),
        (
            {},
            replaced("unverified_recipient_reject_code = 450", "unverified_recipient_reject_code = 550"),
            {"unverified-recipient-reject-code": 550},
        ),
        (
            {},
            replaced("smtp_tls_security_level = may", "smtp_tls_security_level = encrypt"),
            {"tls-outgoing": "encrypt"},
        ),
    ],
    ids=["name", "host-and-port", "mx", "no-host", "number", "choice"],
)
def test_a_changed_value_becomes_the_field_it_was_made_from(
    node: NodeFacts, settings: dict[str, Any], edit: Callable[[str], str], expected: dict[str, Any]
) -> None:
    adopted = edit_main(state(**settings), node, edit)

    assert (adopted.settings, adopted.own, adopted.findings) == (expected, None, ())


def test_what_would_follow_from_a_field_but_was_not_changed_stays_by_an_own_line(node: NodeFacts) -> None:
    adopted = edit_main(
        state(my_hostname="a.example.com"), node, replaced("myhostname = a.example.com", "myhostname = b.example.org")
    )

    assert (adopted.settings, adopted.own) == ({"my-hostname": "b.example.org"}, "mydomain = example.com\n")


def test_an_own_line_that_comes_later_beats_a_hand_edit_above(node: NodeFacts) -> None:
    adopted = edit_main(state("biff = yes\n"), node, lambda text: text.replace("# biff: see", "biff = no\n# biff: see"))

    assert adopted == Adopted()


def test_a_value_that_no_field_says_becomes_an_own_line(node: NodeFacts) -> None:
    adopted = edit_main(state(), node, replaced("biff = no", "biff = yes"))

    assert (adopted.settings, adopted.own, adopted.findings) == ({}, "biff = yes\n", ())


def test_a_new_parameter_becomes_an_own_line_as_typed(node: NodeFacts) -> None:
    adopted = edit_main(state(), node, lambda text: text + "smtpd_banner = hello\n    there\n")

    assert (adopted.own, adopted.findings) == ("smtpd_banner = hello\n    there\n", ())


def test_an_edited_own_line_replaces_that_line_and_keeps_the_rest(node: NodeFacts) -> None:
    adopted = edit_main(state(OWN), node, replaced("smtpd_banner = hello", "smtpd_banner = bye"))

    assert adopted.own == OWN.replace("hello", "bye")


def test_own_lines_added_and_removed_by_hand_are_added_and_removed(node: NodeFacts) -> None:
    adopted = edit_main(state(OWN), node, replaced("smtpd_banner = hello\n", "# new\nmail_name = X\n"))

    assert adopted.own == "# mine\n# new\nmail_name = X\n\nbiff = yes\n"


def test_own_lines_and_generated_ones_may_change_at_once(node: NodeFacts) -> None:
    adopted = edit_main(
        state(OWN, my_hostname="a.example.com"),
        node,
        lambda text: text.replace("= hello", "= bye").replace("myhostname = a.", "myhostname = b."),
    )

    assert (adopted.settings, adopted.own) == ({"my-hostname": "b.example.com"}, OWN.replace("hello", "bye"))


def test_a_removed_generated_value_cannot_be_adopted(node: NodeFacts) -> None:
    adopted = edit_main(state(), node, replaced("biff = no\n", ""))

    assert [(finding.code, "biff" in finding.what) for finding in adopted.findings] == [("drift-not-adoptable", True)]


def test_removing_all_own_lines_with_their_heading_is_adopted(node: NodeFacts) -> None:
    adopted = edit_main(state("smtpd_banner = hello\n"), node, lambda text: text[: text.index("\n# Own lines")])

    assert (adopted.own, adopted.findings) == ("", ())


def test_a_comment_by_hand_changes_nothing(node: NodeFacts) -> None:
    adopted = edit_main(state(), node, lambda text: text.replace("biff = no", "# why\nbiff = no"))

    assert adopted == Adopted()


@pytest.mark.parametrize(
    "edit",
    [
        replaced("biff = no", "biff = yes"),
        replaced("myhostname = a.example.com", "myhostname = other.example.org"),
        replaced("smtpd_banner = hello", "smtpd_banner = $myhostname, hello"),
        lambda text: text + "recipient_delimiter = +\n",
        lambda text: text + "mynetworks = 10.0.0.0/8,\n  192.168.0.0/16\n",
    ],
    ids=["value", "name", "own", "parameter", "list"],
)
def test_what_was_adopted_renders_to_what_is_live(node: NodeFacts, edit: Callable[[str], str]) -> None:
    """The promise of adoption: after an apply Postfix has the values that it had by hand."""
    desired = state(OWN.replace("biff = yes\n", ""), my_hostname="a.example.com")
    made = main_of(desired, node)
    live = edit(made)
    adopted = adopt_main(desired, node, made, live)

    assert adopted.findings == ()
    assert values(main_of(after(desired, adopted), node)) == values(live)


MASTER_OWN = "# mine\nlocalsmtp inet n - n - - smtpd\n  -o smtpd_banner=hello\n"


def edit_master(desired: DesiredState, node: NodeFacts, edit: Callable[[str], str]) -> Adopted:
    made = master_of(desired, node)
    live = edit(made)
    assert live != made
    return adopt_master(desired, node, made, live)


def test_a_service_added_by_hand_becomes_an_own_entry(node: NodeFacts) -> None:
    entry = "10587 inet n - n - - smtpd\n    -o syslog_name=submission\n"

    adopted = edit_master(state(), node, lambda text: text + entry)

    assert (adopted.own, adopted.findings) == (entry, ())


def test_a_generated_service_changed_by_hand_becomes_an_own_entry(node: NodeFacts) -> None:
    adopted = edit_master(
        state(),
        node,
        lambda text: "\n".join(
            line.replace("- 8 ", "- 4 ") if not line.startswith("bounce") else "bounce unix - - n - 3 bounce"
            for line in text.split("\n")
        ),
    )

    assert adopted.findings == ()
    assert adopted.own is not None
    assert "bounce unix - - n - 3 bounce\n" in adopted.own


def test_an_own_entry_edited_by_hand_keeps_its_comments(node: NodeFacts) -> None:
    adopted = edit_master(state(own_master=MASTER_OWN), node, replaced("smtpd_banner=hello", "smtpd_banner=bye"))

    assert (adopted.own, adopted.findings) == (MASTER_OWN.replace("hello", "bye"), ())


def test_a_generated_service_removed_by_hand_cannot_be_adopted(node: NodeFacts) -> None:
    adopted = edit_master(
        state(), node, lambda text: "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("discard"))
    )

    assert [finding.code for finding in adopted.findings] == ["drift-not-adoptable"]


def test_an_option_removed_from_a_generated_service_cannot_be_adopted(node: NodeFacts) -> None:
    def without_the_limit(text: str) -> str:
        first = text.index("    -o message_size_limit")
        return text[:first] + text[text.index("\n", first) + 1 :]

    adopted = edit_master(state(), node, without_the_limit)

    assert [finding.code for finding in adopted.findings] == ["drift-not-adoptable"]
