from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted, Refused
from sealgate.model.nouns import NOUNS
from sealgate.services import lookup_tables, ordering, own_lines, rows
from sealgate.services.actor import Actor, Right
from sealgate.services.ordering import Target
from sealgate.store import Stored

if TYPE_CHECKING:
    from sealgate.services.gateway import Gateway

SAMPLES: dict[str, dict[str, Any]] = {
    "relay-domain": {"domain": "example.com"},
    "network": {"network": "10.1.2.0/24"},
    "provider": {"name": "cloud", "networks": ["192.0.2.0/24"]},
    "sasl": {"host": "smtp.example.net", "port": 2525, "user": "u", "password": "pass word"},
    "forwarding": {"account": "root", "addresses": ["admin@example.com"]},
    "header-check": {"pattern": "/^Subject: make money fast/", "action": "REJECT", "text": "spam detected"},
    "mime-header-check": {"pattern": "/name=.*exe/", "action": "REJECT"},
    "nested-header-check": {"pattern": "/^X-Spam:/", "action": "REJECT"},
    "body-check": {"pattern": "/casino/", "action": "REJECT"},
    "rbl": {"zone": "zen.example.net=127.0.0.2"},
    "black": {"client": "192.168.88", "reason": "no"},
    "white": {"client": "198.51.100.7"},
    "lookup-table": {"name": "tls-policy", "type": "hash", "content": "example.com encrypt\n"},
    "transport": {"pattern": "example.com", "host": "smtp.example.com", "port": 2525},
    "tls-policy": {"destination": "example.com", "level": "encrypt"},
    "policy-test": {"name": "x", "client": "192.0.2.1", "recipients": ["a@b.example"], "expect": "accept"},
}
every_noun = pytest.mark.parametrize("noun", SAMPLES)


def test_there_is_a_sample_of_every_kind_of_row() -> None:
    assert set(SAMPLES) == set(NOUNS)


@every_noun
def test_a_row_that_was_added_is_listed(gateway: Gateway, ann: Actor, noun: str) -> None:
    saved = rows.add(gateway, ann, noun, SAMPLES[noun], comment="why")

    page = rows.listing(gateway, ann, noun)
    assert [(row.key, row.comment, row.enabled, row.version) for row in page.rows] == [
        (saved.key, "why", True, saved.version)
    ]


@every_noun
def test_a_row_cannot_be_added_twice(gateway: Gateway, ann: Actor, noun: str) -> None:
    key = rows.add(gateway, ann, noun, SAMPLES[noun]).key
    again = SAMPLES[noun] | ({"name": key} if NOUNS[noun].numbered else {})

    with pytest.raises(Conflict, match="there already"):
        rows.add(gateway, ann, noun, again)


@every_noun
def test_a_row_that_was_removed_is_gone(gateway: Gateway, ann: Actor, noun: str) -> None:
    key = rows.add(gateway, ann, noun, SAMPLES[noun]).key

    rows.remove(gateway, ann, noun, [key])

    assert rows.listing(gateway, ann, noun).rows == ()


@every_noun
def test_a_disabled_row_stays_in_the_list(gateway: Gateway, ann: Actor, noun: str) -> None:
    key = rows.add(gateway, ann, noun, SAMPLES[noun]).key

    rows.switch(gateway, ann, noun, [key], enabled=False)

    assert [row.enabled for row in rows.listing(gateway, ann, noun).rows] == [False]


@every_noun
def test_a_comment_is_replaced_and_nothing_else(gateway: Gateway, ann: Actor, noun: str) -> None:
    key = rows.add(gateway, ann, noun, SAMPLES[noun], comment="before", enabled=False).key
    before = rows.show(gateway, ann, noun, key)

    rows.comment(gateway, ann, noun, key, "after")

    after = rows.show(gateway, ann, noun, key)
    assert after == before._replace(comment="after", version=after.version)


@every_noun
@pytest.mark.parametrize(
    "hostile", ["a\nb", "a\x00b", "\x1b[31m", "\u202eevil", "x" * 100_000, "$mydomain\n", "\ud800"]
)
def test_hostile_text_in_any_field_is_refused_or_kept_harmless(
    gateway: Gateway, ann: Actor, noun: str, hostile: str
) -> None:
    for column in NOUNS[noun].columns:
        refused = ""
        try:
            rows.add(gateway, ann, noun, SAMPLES[noun] | {column.name: hostile})
        except InvalidValue as refusal:
            refused = str(refusal)
        found = rows.listing(gateway, ann, noun).rows
        texts = [text for row in found for text in row.fields.values() if isinstance(text, str)]
        rows.remove(gateway, ann, noun, [row.key for row in found])

        assert bool(refused) != bool(found)
        if noun == "policy-test":  # a message has lines
            texts = [line for text in texts for line in text.split("\n")]
        assert all(text.isprintable() for text in texts)


def test_problems_name_their_fields(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue) as refusal:
        rows.add(gateway, ann, "transport", {"pattern": "no domain", "host": "smtp.example.com"})

    assert [problem.field for problem in refusal.value.problems] == ["pattern"]


def test_a_kind_of_row_is_found_by_its_plural(gateway: Gateway, ann: Actor) -> None:
    assert rows.listing(gateway, ann, "relay-domains").noun == "relay-domain"


def test_an_unknown_kind_of_row_is_not_found_but_guessed(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NotFound, match="Did you mean transport"):
        rows.listing(gateway, ann, "transports-map")


def test_a_change_keeps_the_fields_that_were_not_named(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "transport", SAMPLES["transport"])

    rows.change(gateway, ann, "transport", "example.com", {"port": 25})

    fields = rows.show(gateway, ann, "transport", "example.com").fields
    assert (fields["host"], fields["port"]) == ("smtp.example.com", 25)


def test_a_change_of_the_key_moves_the_row(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "transport", SAMPLES["transport"], comment="kept")

    rows.change(gateway, ann, "transport", "example.com", {"pattern": "example.org"})

    (row,) = rows.listing(gateway, ann, "transport").rows
    assert (row.key, row.comment) == ("example.org", "kept")


def test_a_change_of_the_key_never_replaces_another_row(gateway: Gateway, ann: Actor) -> None:
    for domain in ("example.com", "example.org"):
        rows.add(gateway, ann, "transport", SAMPLES["transport"] | {"pattern": domain})

    with pytest.raises(Conflict):
        rows.change(gateway, ann, "transport", "example.com", {"pattern": "example.org"})

    assert len(rows.listing(gateway, ann, "transport").rows) == 2


def test_a_stale_change_is_a_conflict_that_carries_what_stands(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    seen = rows.add(gateway, ann, "transport", SAMPLES["transport"]).version
    rows.change(gateway, bob, "transport", "example.com", {"port": 26}, base=seen)

    with pytest.raises(Conflict) as clash:
        rows.change(gateway, ann, "transport", "example.com", {"port": 27}, base=seen)

    assert isinstance(clash.value.current, Stored)
    assert clash.value.current.fields["port"] == 26


def test_removing_several_rows_removes_all_or_none(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})

    with pytest.raises(NotFound, match="missing\\.example"):
        rows.remove(gateway, ann, "relay-domain", ["example.com", "missing.example"])

    assert len(rows.listing(gateway, ann, "relay-domain").rows) == 1


@pytest.mark.parametrize(
    ("noun", "added", "typed"),
    [
        ("relay-domain", {"domain": "bücher.example"}, "BÜCHER.example."),
        ("network", {"network": "10.0.0.0/8"}, "10.0.0.0/8"),
        ("black", {"client": "192.168.88"}, "192.168.88"),
        ("white", {"client": "2001:db8:0::1"}, "2001:DB8::1"),
        ("transport", {"pattern": "Example.COM", "host": "mx.example.com"}, "EXAMPLE.com"),
        ("rbl", {"zone": "zen.example.net=127.0.0.2"}, "zen.example.net=127.0.0.2"),
    ],
)
def test_a_key_may_be_typed_as_it_was_entered(
    gateway: Gateway, ann: Actor, noun: str, added: dict[str, Any], typed: str
) -> None:
    rows.add(gateway, ann, noun, added)

    assert rows.remove(gateway, ann, noun, [typed])


def test_pages_follow_one_another_without_gap(gateway: Gateway, ann: Actor) -> None:
    for number in range(25):
        rows.add(gateway, ann, "relay-domain", {"domain": f"d{number:02}.example"})

    keys: list[str] = []
    after = ""
    while True:
        page = rows.listing(gateway, ann, "relay-domain", after=after, limit=10)
        keys += [row.key for row in page.rows]
        after = page.next
        if not after:
            break

    assert keys == [f"d{number:02}.example" for number in range(25)]


def test_search_finds_parts_of_key_fields_and_comment(gateway: Gateway, ann: Actor) -> None:
    for domain, comment in (("alpha.example", ""), ("beta.example", "the alpha site"), ("gamma.example", "")):
        rows.add(gateway, ann, "transport", {"pattern": domain, "host": "mx.example.net"}, comment=comment)

    found = rows.listing(gateway, ann, "transport", search="ALPHA").rows

    assert [row.key for row in found] == ["alpha.example", "beta.example"]


def test_a_page_is_bounded(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue):
        rows.listing(gateway, ann, "transport", limit=0)


def test_rows_without_a_natural_key_are_numbered(gateway: Gateway, ann: Actor) -> None:
    for word in ("one", "two"):
        rows.add(gateway, ann, "header-check", {"pattern": f"/{word}/", "action": "WARN"})

    assert [row.key for row in rows.listing(gateway, ann, "header-check").rows] == ["1", "2"]


@pytest.mark.parametrize(
    ("target", "order"),
    [
        (Target(first=True), ["c", "a", "b", "d"]),
        (Target(last=True), ["a", "b", "d", "c"]),
        (Target(before="b.example"), ["a", "c", "b", "d"]),
        (Target(after="d.example"), ["a", "b", "d", "c"]),
    ],
)
def test_a_row_moves_to_its_place(gateway: Gateway, ann: Actor, target: Target, order: list[str]) -> None:
    for name in "abcd":
        rows.add(gateway, ann, "rbl", {"zone": f"{name}.example"})

    ordering.move(gateway, ann, "rbl", "c.example", target)

    assert [row.key[0] for row in rows.listing(gateway, ann, "rbl").rows] == order


def test_a_row_cannot_be_moved_next_to_itself(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "rbl", {"zone": "a.example"})

    with pytest.raises(InvalidValue):
        ordering.move(gateway, ann, "rbl", "a.example", Target(before="a.example"))


def test_moving_the_first_row_first_changes_nothing(gateway: Gateway, ann: Actor) -> None:
    saved = rows.add(gateway, ann, "rbl", {"zone": "a.example"})

    assert ordering.move(gateway, ann, "rbl", "a.example", Target(first=True)).version == saved.version


def test_a_move_needs_exactly_one_place() -> None:
    with pytest.raises(InvalidValue):
        Target()
    with pytest.raises(InvalidValue):
        Target(first=True, last=True)


def test_a_list_whose_order_means_nothing_has_nothing_to_move(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})

    with pytest.raises(InvalidValue, match="order"):
        ordering.move(gateway, ann, "relay-domain", "example.com", Target(first=True))


def test_a_lookup_table_that_own_lines_use_is_not_removed(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "lookup-table", SAMPLES["lookup-table"])
    text = "# maps.d/hash-tls-policy.map\nsmtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n"
    own_lines.edit(gateway, ann, "main-cf", text)

    with pytest.raises(Refused) as refusal:
        rows.remove(gateway, ann, "lookup-table", ["tls-policy"])

    assert [str(finding.place) for finding in refusal.value.findings] == [
        "own-lines main-cf, smtp_tls_policy_maps, line 2"
    ]


def test_a_lookup_table_whose_name_is_part_of_another_is_not_taken_for_used(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "lookup-table", SAMPLES["lookup-table"] | {"name": "policy"})
    own_lines.edit(gateway, ann, "main-cf", "smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n")

    rows.remove(gateway, ann, "lookup-table", ["policy"])

    assert rows.listing(gateway, ann, "lookup-table").rows == ()


def test_a_lookup_table_says_where_it_is_used(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "lookup-table", SAMPLES["lookup-table"])
    own_lines.edit(gateway, ann, "main-cf", "smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n")

    table = lookup_tables.show(gateway, ann, "tls-policy")

    assert (table.text, [place.line for place in table.used]) == ("example.com encrypt\n", [1])


def test_a_lookup_tables_text_is_replaced(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "lookup-table", SAMPLES["lookup-table"])

    lookup_tables.edit(gateway, ann, "tls-policy", "example.org secure")

    assert lookup_tables.show(gateway, ann, "tls-policy").text == "example.org secure\n"


def test_a_stale_text_of_a_lookup_table_is_a_conflict(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    seen = rows.add(gateway, ann, "lookup-table", SAMPLES["lookup-table"]).version
    lookup_tables.edit(gateway, bob, "tls-policy", "a b\n", base=seen)

    with pytest.raises(Conflict, match="somebody else"):
        lookup_tables.edit(gateway, ann, "tls-policy", "c d\n", base=seen)


def test_nobody_edits_without_the_right(gateway: Gateway) -> None:
    viewer = Actor("local:eve", rights=frozenset({Right.VIEW}))
    edits = (
        lambda: rows.add(gateway, viewer, "relay-domain", {"domain": "example.com"}),
        lambda: rows.change(gateway, viewer, "relay-domain", "example.com", {}),
        lambda: rows.remove(gateway, viewer, "relay-domain", ["example.com"]),
        lambda: rows.comment(gateway, viewer, "relay-domain", "example.com", ""),
        lambda: rows.switch(gateway, viewer, "relay-domain", ["example.com"], enabled=True),
        lambda: ordering.move(gateway, viewer, "rbl", "a.example", Target(first=True)),
        lambda: lookup_tables.edit(gateway, viewer, "x", ""),
    )
    for edit in edits:
        with pytest.raises(NotPermitted, match="edit"):
            edit()


def test_every_write_is_audited_with_its_author(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})

    with gateway.store.reading() as reader:
        (entry,) = reader.audit_newest()
    assert (entry.actor, entry.origin, entry.object) == ("local:ann", "terminal", "relay-domain example.com")
