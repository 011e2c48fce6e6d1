from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted
from sealgate.services import changes, object_history, own_lines, rows, settings
from sealgate.services.actor import Actor, Right
from sealgate.services.states import DRAFT, LIVE, StateName
from sealgate.services.wording import What

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway
    from sealgate.services.wording import Difference


def differences(gateway: Gateway, actor: Actor, old: StateName = LIVE, new: StateName = DRAFT) -> list[Difference]:
    with changes.compare(gateway, actor, old, new) as found:
        return list(found)


def the_difference(gateway: Gateway, actor: Actor) -> Difference:
    (found,) = differences(gateway, actor)
    return found


def fields(item: Difference) -> dict[str, tuple[Any, Any]]:
    return {change.field: (change.old, change.new) for change in item.fields}


def test_an_untouched_draft_changes_nothing(gateway: Gateway, ann: Actor) -> None:
    assert changes.pending(gateway, ann) == []


def test_the_changes_are_told_part_by_part(gateway: Gateway, ann: Actor) -> None:
    for number in range(5):
        rows.add(gateway, ann, "relay-domain", {"domain": f"d{number}.example"})

    first = changes.pending_part(gateway, ann, 3)
    last = changes.pending_part(gateway, ann, 3, first.next)

    assert [item.difference.key for item in [*first.items, *last.items]] == [f"d{n}.example" for n in range(5)]
    assert (first.next, last.next) == ("relay-domain:d2.example", "")


def test_a_part_may_begin_behind_a_change_that_is_gone(gateway: Gateway, ann: Actor) -> None:
    for number in range(3):
        rows.add(gateway, ann, "relay-domain", {"domain": f"d{number}.example"})
    part = changes.compare_part(gateway, ann, LIVE, DRAFT, limit=1)
    changes.discard(gateway, ann, "relay-domain", "d0.example")

    assert [item.key for item in changes.compare_part(gateway, ann, LIVE, DRAFT, limit=5, after=part.next).items] == [
        "d1.example", "d2.example",
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["relay-domain", ":", "a:", ":b", "relay-domain:a\0b"])
def test_a_place_that_was_never_given_out_is_refused(gateway: Gateway, ann: Actor, place: str) -> None:
    with pytest.raises(InvalidValue):
        changes.pending_part(gateway, ann, 3, place)


def test_pending_changes_say_who_made_them(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    rows.add(gateway, bob, "relay-domain", {"domain": "example.com"})

    found = {item.difference.key: item.actor for item in changes.pending(gateway, ann)}

    assert found == {"my-hostname": "local:ann", "example.com": "local:bob"}


def test_a_setting_differs_in_the_words_of_the_page(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    settings.set_value(gateway, ann, "before-filter-size-limit", "20 MiB")
    applied()
    settings.set_value(gateway, ann, "before-filter-size-limit", "30 MiB")

    found = the_difference(gateway, ann)

    assert (found.title, fields(found)) == ("Before filter message size limit", {"value": ("20 MiB", "30 MiB")})


def test_a_first_setting_differs_from_the_default(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "unverified-recipient-reject-code", 550)

    assert fields(the_difference(gateway, ann)) == {"value": ("450", "550")}


def test_a_changed_row_names_only_the_fields_that_changed(
    gateway: Gateway, ann: Actor, applied: Callable[[], int]
) -> None:
    rows.add(gateway, ann, "transport", {"pattern": "example.com", "host": "mx.example.net"})
    applied()
    rows.change(gateway, ann, "transport", "example.com", {"port": 26})

    found = the_difference(gateway, ann)

    assert (found.what, fields(found)) == (What.CHANGED, {"port": (25, 26)})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda g, a: rows.comment(g, a, "relay-domain", "example.com", "new"), {"comment": ("", "new")}),
        (lambda g, a: rows.switch(g, a, "relay-domain", ["example.com"], enabled=False), {"enabled": (True, False)}),
    ],
    ids=["comment", "enabled"],
)
def test_comment_and_switch_are_differences(
    gateway: Gateway, ann: Actor, applied: Callable[[], int], change: Any, expected: dict[str, Any]
) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})
    applied()
    change(gateway, ann)

    assert fields(the_difference(gateway, ann)) == expected


def test_own_lines_differ_line_by_line(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    own_lines.edit(gateway, ann, "main-cf", "a = 1\nb = 2\n")
    applied()
    own_lines.edit(gateway, ann, "main-cf", "a = 1\nb = 3\n")

    assert the_difference(gateway, ann).lines[1:] == (" a = 1", "-b = 2", "+b = 3")


def test_a_lookup_table_differs_line_by_line(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    rows.add(gateway, ann, "lookup-table", {"name": "t", "type": "hash", "content": "a 1\nb 2\n"})
    applied()
    rows.change(gateway, ann, "lookup-table", "t", {"content": "a 1\nb 3\n"})

    assert the_difference(gateway, ann).lines[1:] == (" a 1", "-b 2", "+b 3")


def test_a_new_password_is_seen_to_be_new_and_never_shown(
    gateway: Gateway, ann: Actor, applied: Callable[[], int]
) -> None:
    rows.add(gateway, ann, "sasl", {"host": "smtp.example.net", "user": "u", "password": "old secret"})
    applied()
    rows.change(gateway, ann, "sasl", "[smtp.example.net]", {"password": "new secret"})

    assert fields(the_difference(gateway, ann)) == {"password": ("stored", "stored anew")}


@pytest.mark.parametrize(
    ("noun", "row", "words"),
    [
        ("network", {"network": "10.0.0.0/8"}, "10.0.0.0/8 may relay to anywhere"),
        ("relay-domain", {"domain": "example.com"}, "mail for example.com is accepted"),
        ("white", {"client": "192.0.2.1"}, "192.0.2.1 may connect even if a list has it"),
        (
            "provider",
            {"name": "cloud", "networks": ["192.0.2.0/24"]},
            "cloud may relay for senders of our own domains (1 new network)",
        ),
        ("black", {"client": "192.0.2.1"}, ""),
        ("network", {"network": "!10.0.0.1"}, ""),
    ],
)
def test_what_widens_the_gateway_is_said(
    gateway: Gateway, ann: Actor, noun: str, row: dict[str, Any], words: str
) -> None:
    rows.add(gateway, ann, noun, row)

    assert the_difference(gateway, ann).widens == words


def test_removing_an_exception_widens_too(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    rows.add(gateway, ann, "network", {"network": "!10.0.0.1"})
    applied()
    rows.remove(gateway, ann, "network", ["!10.0.0.1"])

    assert the_difference(gateway, ann).widens == "10.0.0.1 may relay to anywhere"


def test_a_disabled_row_widens_nothing(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "network", {"network": "10.0.0.0/8"}, enabled=False)

    assert the_difference(gateway, ann).widens == ""


def test_two_revisions_are_compared(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "a.example"})
    first = applied()
    rows.add(gateway, ann, "relay-domain", {"domain": "b.example"})
    second = applied()

    forth = differences(gateway, ann, StateName.parse(str(first)), StateName.parse(str(second)))
    back = differences(gateway, ann, StateName.parse(str(second)), StateName.parse(str(first)))

    assert [(item.key, item.what) for item in (*forth, *back)] == [("b.example", "added"), ("b.example", "removed")]


@pytest.mark.parametrize("text", ["", "now", "-1", "0", "1.5", "99999999999"])
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        StateName.parse(text)


def test_a_revision_that_is_not_there_is_not_found(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NotFound):
        differences(gateway, ann, StateName.parse("7"))


def test_one_change_is_discarded_and_others_stay(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})

    changes.discard(gateway, ann, "setting", "my-hostname")

    assert [item.difference.key for item in changes.pending(gateway, ann)] == ["example.com"]


def test_discarding_a_removal_brings_the_row_back(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})
    applied()
    rows.remove(gateway, ann, "relay-domain", ["example.com"])

    changes.discard(gateway, ann, "relay-domain", "example.com")

    assert rows.show(gateway, ann, "relay-domain", "example.com")


def test_a_change_that_is_not_the_one_that_was_seen_is_not_discarded(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    seen = settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    settings.set_value(gateway, bob, "my-hostname", "mx.example.com")

    with pytest.raises(Conflict):
        changes.discard(gateway, ann, "setting", "my-hostname", base=seen.version)
    assert len(changes.pending(gateway, ann)) == 1


def test_discarding_what_is_not_changed_is_not_found(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NotFound, match="Nothing was discarded"):
        changes.discard(gateway, ann, "setting", "my-hostname")


def test_all_changes_are_discarded(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    rows.add(gateway, bob, "relay-domain", {"domain": "example.com"})

    assert (changes.discard_all(gateway, ann), changes.pending(gateway, ann)) == (True, [])


def test_restoring_a_revision_fills_the_draft_with_it_exactly(
    gateway: Gateway, ann: Actor, applied: Callable[[], int]
) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "a.example"})
    first = applied()
    rows.remove(gateway, ann, "relay-domain", ["a.example"])
    rows.add(gateway, ann, "relay-domain", {"domain": "b.example"})
    applied()
    rows.add(gateway, ann, "relay-domain", {"domain": "pending.example"})

    changes.restore(gateway, ann, first)

    assert differences(gateway, ann, StateName.parse(str(first)), DRAFT) == []


def test_restoring_what_never_was_is_not_found_and_discards_nothing(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "pending.example"})

    with pytest.raises(NotFound):
        changes.restore(gateway, ann, 9)

    assert len(changes.pending(gateway, ann)) == 1


def test_history_has_the_newest_first_and_says_what_is_in_force(
    gateway: Gateway, ann: Actor, applied: Callable[[str], int]
) -> None:
    for comment in ("one", "two"):
        rows.add(gateway, ann, "relay-domain", {"domain": f"{comment}.example"})
        applied(comment)

    history = changes.history(gateway, ann)

    assert ([item.comment for item in history.revisions], history.in_force) == (["two", "one"], 2)


def test_an_objects_history_tells_each_step(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    rows.add(gateway, ann, "transport", {"pattern": "example.com", "host": "a.example.net"})
    applied()
    rows.change(gateway, ann, "transport", "example.com", {"host": "b.example.net"})

    steps = object_history.steps(gateway, ann, "transport", "example.com")[::-1]

    hosts = [step.stored.fields["host"] if step.stored else None for step in steps]
    assert (hosts, [step.revision for step in steps]) == (["a.example.net", "b.example.net"], [1, None])


def test_nobody_discards_or_restores_without_the_right(gateway: Gateway) -> None:
    viewer = Actor("local:eve", rights=frozenset({Right.VIEW}))

    for act in (
        lambda: changes.discard(gateway, viewer, "setting", "my-hostname"),
        lambda: changes.discard_all(gateway, viewer),
        lambda: changes.restore(gateway, viewer, 1),
    ):
        with pytest.raises(NotPermitted):
            act()
