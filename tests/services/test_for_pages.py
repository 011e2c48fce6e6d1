"""What pages need besides what the terminal does: many settings at once, taking back, glances, whole lists as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted
from sealgate.services import changes, imports, object_history, rows, settings
from sealgate.services.actor import Actor, Area, Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway

LIMITED = Actor("carol", "web", frozenset({Right.VIEW, Right.EDIT}), frozenset({Area.RBL}))


def test_settings_are_set_together(gateway: Gateway, ann: Actor) -> None:
    saved = settings.set_many(gateway, ann, {"my-hostname": "a.example.com", "match-subdomains": True}, {})

    assert [item.key for item in saved] == ["my-hostname", "match-subdomains"]


def test_a_setting_that_stays_is_left_alone(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "a.example.com")

    assert settings.set_many(gateway, ann, {"my-hostname": "A.example.com"}, {}) == []


def test_one_setting_at_fault_keeps_all_back_and_every_fault_is_named(gateway: Gateway, ann: Actor) -> None:
    given = {"smtp-helo-name": "good.example.com", "my-hostname": "not good", "delay-warning": "soon"}

    with pytest.raises(InvalidValue) as caught:
        settings.set_many(gateway, ann, given, {})

    assert [problem.field for problem in caught.value.problems] == ["my-hostname", "delay-warning"]
    assert changes.pending(gateway, ann) == []


def test_a_stale_version_matters_only_for_what_is_changed(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "a.example.com")
    given = {"my-hostname": "a.example.com", "smtp-helo-name": "b.example.com"}

    assert len(settings.set_many(gateway, ann, given, {"my-hostname": None, "smtp-helo-name": None})) == 1


def test_a_stale_version_of_what_is_changed_is_a_conflict(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "a.example.com")

    with pytest.raises(Conflict):
        settings.set_many(gateway, ann, {"my-hostname": "b.example.com"}, {"my-hostname": None})


def test_the_default_is_stored_as_nothing(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "match-subdomains", given=True)
    settings.set_many(gateway, ann, {"match-subdomains": False}, {})

    assert not settings.show(gateway, ann, ["match-subdomains"])[0].is_set


def test_a_setting_of_another_area_may_be_sent_but_not_changed(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "a.example.com")

    assert settings.set_many(gateway, LIMITED, {"my-hostname": "a.example.com"}, {}) == []
    with pytest.raises(NotPermitted):
        settings.set_many(gateway, LIMITED, {"my-hostname": "b.example.com"}, {})


def test_a_change_may_bring_comment_and_switch_along(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"})
    rows.change(gateway, ann, "black", "192.0.2.1", {"reason": "no"}, comment="why", enabled=False)

    row = rows.show(gateway, ann, "black", "192.0.2.1")
    assert (row.fields["reason"], row.comment, row.enabled) == ("no", "why", False)


def test_a_change_without_them_leaves_comment_and_switch(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"}, comment="why", enabled=False)
    rows.change(gateway, ann, "black", "192.0.2.1", {"reason": "no"})

    row = rows.show(gateway, ann, "black", "192.0.2.1")
    assert (row.comment, row.enabled) == ("why", False)


def test_a_comment_at_fault_is_named(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"})

    with pytest.raises(InvalidValue) as caught:
        rows.change(gateway, ann, "black", "192.0.2.1", {}, comment="two\nlines")
    assert caught.value.problems[0].field == "comment"


def test_rows_removed_stand_again_in_their_places(gateway: Gateway, ann: Actor) -> None:
    for number in range(4):
        rows.add(gateway, ann, "rbl", {"zone": f"{number}.example"})
    keys = [row.key for row in rows.listing(gateway, ann, "rbl").rows]
    versions = [item.version or 0 for item in rows.remove(gateway, ann, "rbl", keys[1:3])]
    rows.put_back(gateway, ann, "rbl", min(versions), max(versions))

    assert [row.key for row in rows.listing(gateway, ann, "rbl").rows] == keys


def test_there_is_nothing_to_put_back_where_nothing_was_removed(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"})

    with pytest.raises(NotFound):
        rows.put_back(gateway, ann, "black", 1, 100)


def test_putting_back_needs_the_right_for_the_list(gateway: Gateway) -> None:
    with pytest.raises(NotPermitted):
        rows.put_back(gateway, LIMITED, "black", 1, 1)


def test_all_or_none_are_put_back(gateway: Gateway, ann: Actor) -> None:
    for number in (1, 2):
        rows.add(gateway, ann, "black", {"client": f"192.0.2.{number}"})
    removed = [item.version or 0 for item in rows.remove(gateway, ann, "black", ["192.0.2.1", "192.0.2.2"])]
    rows.add(gateway, ann, "black", {"client": "192.0.2.2"})

    with pytest.raises(Conflict):
        rows.put_back(gateway, ann, "black", min(removed), max(removed))
    assert [row.key for row in rows.listing(gateway, ann, "black").rows] == ["192.0.2.2"]


def test_neighbours_are_those_before_and_after(gateway: Gateway, ann: Actor) -> None:
    for _number in range(3):
        rows.add(gateway, ann, "body-check", {"pattern": "/x/", "action": "WARN"})

    assert [rows.neighbours(gateway, ann, "body-check", key) for key in "123"] == [("", "2"), ("1", "3"), ("2", "")]


def test_applied_rows_are_those_of_the_newest_revision(
    gateway: Gateway, ann: Actor, applied: Callable[..., int]
) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"})
    applied()
    rows.add(gateway, ann, "black", {"client": "192.0.2.2"})

    assert list(rows.applied(gateway, ann, "black", ["192.0.2.1", "192.0.2.2"])) == ["192.0.2.1"]


def test_a_glance_counts_objects_by_who_changed_them_last(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"})
    rows.add(gateway, ann, "black", {"client": "192.0.2.2"})
    rows.change(gateway, bob, "black", "192.0.2.1", {"reason": "no"})

    found = changes.summary(gateway, ann)

    assert (found.objects, found.exact, dict(found.actors)) == (2, True, {"local:ann": 1, "local:bob": 1})


def test_a_glance_at_an_applied_draft_is_nothing(gateway: Gateway, ann: Actor, applied: Callable[..., int]) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"})
    applied()

    assert changes.summary(gateway, ann).objects == 0


def test_a_glance_at_what_was_all_discarded_is_nothing_however_much_it_was(gateway: Gateway, ann: Actor) -> None:
    imports.import_rows(gateway, ann, "relay-domain", [f"d{number}.example" for number in range(3000)])
    changes.discard_all(gateway, ann)

    assert changes.summary(gateway, ann).objects == 0


def test_a_glance_at_very_much_counts_rows_and_names_who(gateway: Gateway, ann: Actor) -> None:
    imports.import_rows(gateway, ann, "relay-domain", [f"d{number}.example" for number in range(3000)])

    found = changes.summary(gateway, ann)

    assert (found.objects, found.exact, found.actors) == (3000, False, (("local:ann", 0),))


def test_one_object_is_restored_as_a_revision_had_it(gateway: Gateway, ann: Actor, applied: Callable[..., int]) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1", "reason": "old"})
    number = applied()
    rows.change(gateway, ann, "black", "192.0.2.1", {"reason": "new"})

    there = object_history.bring_back(gateway, ann, "black", "192.0.2.1", number)

    assert (there, rows.show(gateway, ann, "black", "192.0.2.1").fields["reason"]) == (True, "old")


def test_an_object_that_a_revision_did_not_have_is_removed(
    gateway: Gateway, ann: Actor, applied: Callable[..., int]
) -> None:
    number = applied()
    rows.add(gateway, ann, "black", {"client": "192.0.2.1"})

    there = object_history.bring_back(gateway, ann, "black", "192.0.2.1", number)

    assert (there, rows.listing(gateway, ann, "black").total) == (False, 0)


def test_a_list_that_nobody_changed_is_replaced(gateway: Gateway, ann: Actor) -> None:
    base = imports.digest_of(gateway, ann, "black")
    imports.import_rows(gateway, ann, "black", ["192.0.2.1"], replace=True, base=base)

    assert rows.listing(gateway, ann, "black").total == 1


def test_a_list_that_somebody_changed_is_not_replaced(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    base = imports.digest_of(gateway, ann, "black")
    rows.add(gateway, bob, "black", {"client": "192.0.2.9"})

    with pytest.raises(Conflict):
        imports.import_rows(gateway, ann, "black", ["192.0.2.1"], replace=True, base=base)
    assert [row.key for row in rows.listing(gateway, ann, "black").rows] == ["192.0.2.9"]


def test_next_hops_of_transports_are_listed_once(gateway: Gateway, ann: Actor) -> None:
    for name in ("a.example", "b.example"):
        rows.add(gateway, ann, "transport", {"pattern": name, "host": "mx.example"})

    assert rows.tags(gateway, ann, "transport", 10) == ["[mx.example]"]
