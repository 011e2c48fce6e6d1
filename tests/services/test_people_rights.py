"""The services decide: rights of their own for secrets, content, own lines; editing by area, verb by verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.model.errors import NotPermitted
from sealgate.services import backups, changes, imports, lookup_tables, ordering, own_lines, rows, settings
from sealgate.services.actor import ALL_AREAS, ALL_RIGHTS, Actor, Area, Right
from sealgate.services.ordering import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway

RBL_ONLY = Actor("eve", areas=frozenset({Area.RBL}))
EDITS: list[Callable[[Gateway, Actor], Any]] = [
    lambda g, a: rows.add(g, a, "relay-domain", {"domain": "new.example"}),
    lambda g, a: rows.change(g, a, "relay-domain", "a.example", {"domain": "b.example"}),
    lambda g, a: rows.remove(g, a, "relay-domain", ["a.example"]),
    lambda g, a: rows.comment(g, a, "relay-domain", "a.example", "x"),
    lambda g, a: rows.switch(g, a, "relay-domain", ["a.example"], enabled=False),
    lambda g, a: ordering.move(g, a, "header-check", "1", Target(first=True)),
    lambda g, a: imports.import_rows(g, a, "relay-domain", ["c.example\n"]),
    lambda g, a: imports.import_rows(g, a, "relay-domain", ["c.example\n"], dry_run=True),
    lambda g, a: settings.set_value(g, a, "my-hostname", "gw.example.com"),
    lambda g, a: settings.unset(g, a, "my-hostname"),
    lambda g, a: lookup_tables.edit(g, a, "t", "a 1\n"),
    lambda g, a: changes.discard(g, a, "relay-domain", "a.example"),
    changes.discard_all,
    lambda g, a: changes.restore(g, a, 0),
]
NAMES = ["add", "change", "remove", "comment", "switch", "move", "import", "dry", "set", "unset", "table", "discard",
         "discard-all", "restore"]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=NAMES)
def test_who_edits_one_area_edits_no_other(gateway: Gateway, edit: Callable[..., Any]) -> None:
    with pytest.raises(NotPermitted, match="“edit” for"):
        edit(gateway, RBL_ONLY)


@pytest.mark.parametrize("edit", EDITS, ids=NAMES)
def test_who_may_not_edit_edits_nothing(gateway: Gateway, edit: Callable[..., Any]) -> None:
    with pytest.raises(NotPermitted, match="“edit”"):
        edit(gateway, Actor("eve", rights=ALL_RIGHTS - {Right.EDIT}))


def test_who_edits_one_area_edits_that(gateway: Gateway) -> None:
    rows.add(gateway, RBL_ONLY, "rbl", {"zone": "zen.example"})
    changes.discard(gateway, RBL_ONLY, "rbl", "zen.example")


def test_a_secret_needs_its_own_right(gateway: Gateway) -> None:
    eve = Actor("eve", rights=ALL_RIGHTS - {Right.SECRETS})
    fields = {"host": "smtp.example.net", "user": "u", "password": "hunter two"}

    with pytest.raises(NotPermitted, match="secrets"):
        rows.add(gateway, eve, "sasl", fields)
    rows.add(gateway, Actor("ann"), "sasl", fields)
    rows.change(gateway, eve, "sasl", "[smtp.example.net]", {"user": "v"})
    with pytest.raises(NotPermitted, match="secrets"):
        rows.change(gateway, eve, "sasl", "[smtp.example.net]", {"password": "other"})


def test_a_private_key_needs_the_right_to_store_secrets(gateway: Gateway) -> None:
    from tests.services.test_settings import private_key

    with pytest.raises(NotPermitted, match="secrets"):
        settings.set_value(gateway, Actor("eve", rights=ALL_RIGHTS - {Right.SECRETS}), "tls-key", private_key())


NO_RAW = Actor("eve", rights=ALL_RIGHTS - {Right.RAW})


@pytest.mark.parametrize(
    "act",
    [
        lambda g, a: own_lines.edit(g, a, "main-cf", "delay_warning_time = 1h\n"),
        lambda g, a: changes.discard(g, a, "own-lines", "main-cf"),
        changes.discard_all,
        lambda g, a: changes.restore(g, a, 0),
    ],
    ids=["edit", "discard", "discard-all", "restore"],
)
def test_own_lines_are_touched_with_their_own_right_only(gateway: Gateway, act: Callable[..., Any]) -> None:
    own_lines.edit(gateway, Actor("ann"), "main-cf", "delay_warning_time = 2h\n")

    with pytest.raises(NotPermitted, match="raw"):
        act(gateway, NO_RAW)
    assert own_lines.show(gateway, Actor("ann"), "main-cf").text == "delay_warning_time = 2h\n"


def test_without_pending_own_lines_everything_is_discarded_without_their_right(gateway: Gateway) -> None:
    rows.add(gateway, NO_RAW, "rbl", {"zone": "zen.example"})

    assert changes.discard_all(gateway, NO_RAW) is True


def test_putting_a_backup_back_needs_the_right_of_owners(gateway: Gateway) -> None:
    import io

    with pytest.raises(NotPermitted, match="own"):
        backups.restore(gateway, Actor("eve", rights=ALL_RIGHTS - {Right.OWN}), "x", io.BytesIO(), lambda *_: None)


def test_no_edit_needs_areas_that_do_not_exist(gateway: Gateway) -> None:
    everywhere = Actor("ann", rights=frozenset({Right.EDIT}), areas=ALL_AREAS)

    assert rows.add(gateway, everywhere, "relay-domain", {"domain": "new.example"})
