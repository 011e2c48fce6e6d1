from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.link.bundle import LARGEST_DELTA
from sealgate.model.errors import NotFound
from sealgate.services import imports, rows, settings
from sealgate.services.bundles import bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


def domains(gateway: Gateway, actor: Actor, first: int, last: int) -> None:
    lines = (f"d{number:06}.example\n" for number in range(first, last))
    imports.import_rows(gateway, actor, "relay-domain", lines, replace=True)


def test_a_bundle_names_every_kind_of_row_that_has_any(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    rows.add(gateway, ann, "relay-domain", {"domain": "a.example"})
    rows.add(gateway, ann, "transport", {"pattern": "a.example", "host": "mx.example.net"})
    rows.remove(gateway, ann, "transport", ["a.example"])

    with gateway.store.reading() as reader:
        view = reader.candidate()
        header = bundle(reader, view).header
        assert (set(header.tables), header.digest) == ({"setting", "relay-domain"}, view.digest())


def test_all_rows_and_the_difference_lead_to_the_same(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    domains(gateway, ann, 0, 20)
    applied()
    domains(gateway, ann, 5, 25)

    with gateway.store.reading() as reader:
        made = bundle(reader, reader.candidate(), (reader.live(),))
        (base,) = made.header.tables["relay-domain"].bases
        table = {row.key for row in reader.live().rows("relay-domain")}
        for row in made.delta("relay-domain", base):
            table = table - {row.key} if row.fields is None else table | {row.key}
        assert table == {row.key for row in made.rows("relay-domain")}


def test_a_table_that_is_the_same_has_no_base(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    domains(gateway, ann, 0, 3)
    applied()
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")

    with gateway.store.reading() as reader:
        offers = bundle(reader, reader.candidate(), (reader.live(),)).header.tables
        assert offers["relay-domain"].bases == ()


@pytest.mark.parametrize(("last", "bases"), [(LARGEST_DELTA + 3, 1), (LARGEST_DELTA + 4, 0)])
def test_a_difference_that_is_too_large_is_not_offered(
    gateway: Gateway, ann: Actor, applied: Callable[[], int], last: int, bases: int
) -> None:
    domains(gateway, ann, 0, 3)
    applied()
    domains(gateway, ann, 0, last)

    with gateway.store.reading() as reader:
        offer = bundle(reader, reader.candidate(), (reader.live(),)).header.tables["relay-domain"]
        assert (offer.count, len(offer.bases)) == (last, bases)


def test_many_changes_among_equally_many_rows_are_not_offered_as_a_difference(
    gateway: Gateway, ann: Actor, applied: Callable[[], int]
) -> None:
    half = LARGEST_DELTA // 2 + 1
    domains(gateway, ann, 0, half)
    applied()
    domains(gateway, ann, half, 2 * half)

    with gateway.store.reading() as reader:
        assert bundle(reader, reader.candidate(), (reader.live(),)).header.tables["relay-domain"].bases == ()


def test_a_secret_that_is_missing_is_said(gateway: Gateway) -> None:
    with gateway.store.reading() as reader, pytest.raises(NotFound):
        bundle(reader, reader.candidate()).secret("nothing")
