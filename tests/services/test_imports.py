from __future__ import annotations

import random
import resource
from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import InvalidValue, NotPermitted
from sealgate.model.nouns import NOUNS
from sealgate.services import exports, imports, rows
from sealgate.services.actor import Actor, Right
from sealgate.services.formats import Format
from sealgate.services.imports import Imported, import_rows
from sealgate.services.states import DRAFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway

TEXTS = {
    "relay-domain": "example.com\nexample.org\n",
    "network": "10.0.0.0/8\n!10.9.0.0/16\n2001:db8::/32\n",
    "provider": "cloud own 192.0.2.0/24 198.51.100.0/24\n",
    "forwarding": "root: admin@example.com, ops@example.com\n",
    "header-check": "# spam\n/^Subject: make money fast/ REJECT spam detected\n/^X-Note:/ IGNORE\n",
    "mime-header-check": "/name=.*exe/ REJECT\n",
    "nested-header-check": "/^X-Spam:/ REJECT\n",
    "body-check": "/casino/ REJECT\n",
    "rbl": "zen.example.net=127.0.0.2\nsender:dbl.example.net\n",
    "black": "192.168.88.0/24 expires=2030-12-31 go away\n#off# 203.0.113.9\n",
    "white": "198.51.100.7\n",
    "transport": "example.com smtp:[host.example.net]:2525\n.example.org smtp:mx.example.net\nx.example error:no\n",
    "tls-policy": "example.com encrypt\n",
    "policy-test": '# outside\nx: from 203.0.113.5 tls mail a@b.example to c@d.example expect reject 554 "denied"\n',
}
with_lines = pytest.mark.parametrize("noun", TEXTS)


def run(gateway: Gateway, actor: Actor, noun: str, text: str, **how: object) -> Imported:
    return import_rows(gateway, actor, noun, text.splitlines(keepends=True), **how)  # type: ignore[arg-type]


def exported(gateway: Gateway, actor: Actor, noun: str, form: Format = Format.TEXT) -> str:
    with exports.exported(gateway, actor, noun, form=form) as lines:
        return "".join(lines)


def listed(gateway: Gateway, actor: Actor, noun: str) -> list[str]:
    return [row.key for row in rows.listing(gateway, actor, noun, limit=1000).rows]


def test_every_kind_of_row_that_has_lines_is_tried_here() -> None:
    assert set(NOUNS) - set(TEXTS) == {"sasl", "lookup-table"}


@with_lines
@pytest.mark.parametrize("form", Format)
def test_what_is_exported_is_imported_as_the_same_list(gateway: Gateway, ann: Actor, noun: str, form: Format) -> None:
    run(gateway, ann, noun, TEXTS[noun])
    before = [row._replace(version=0) for row in rows.listing(gateway, ann, noun).rows]
    text = exported(gateway, ann, noun, form)
    rows.remove(gateway, ann, noun, [row.key for row in before])

    run(gateway, ann, noun, text, form=form)

    after = [row._replace(version=0) for row in rows.listing(gateway, ann, noun).rows]
    assert [row._replace(position=0) for row in after] == [row._replace(position=0) for row in before]


@with_lines
def test_the_same_file_twice_changes_nothing_the_second_time(gateway: Gateway, ann: Actor, noun: str) -> None:
    run(gateway, ann, noun, TEXTS[noun], replace=True)

    again = run(gateway, ann, noun, TEXTS[noun], replace=True)

    assert (again.added, again.changed, again.removed) == (0, 0, 0)


@with_lines
def test_a_dry_run_says_what_an_import_does_and_does_nothing(gateway: Gateway, ann: Actor, noun: str) -> None:
    said = run(gateway, ann, noun, TEXTS[noun], dry_run=True)
    empty = listed(gateway, ann, noun)
    done = run(gateway, ann, noun, TEXTS[noun])

    assert (said.read, said.added, said.changed, said.dry_run, empty) == (done.read, done.added, 0, True, [])


def test_an_import_adds_changes_and_keeps(gateway: Gateway, ann: Actor) -> None:
    run(
        gateway,
        ann,
        "transport",
        "a.example smtp:[x.example]\nb.example smtp:[x.example]\nc.example smtp:[x.example]\n",
    )

    done = run(
        gateway,
        ann,
        "transport",
        "b.example smtp:[x.example]\nc.example smtp:[y.example]\nd.example smtp:[x.example]\n",
    )

    assert (done.read, done.added, done.changed, done.same, done.removed) == (3, 1, 1, 1, 0)
    assert listed(gateway, ann, "transport") == ["a.example", "b.example", "c.example", "d.example"]


def test_replacing_makes_the_list_exactly_the_file(gateway: Gateway, ann: Actor) -> None:
    run(gateway, ann, "relay-domain", "a.example\nb.example\nc.example\n")

    done = run(gateway, ann, "relay-domain", "c.example\nd.example\n", replace=True)

    assert (done.added, done.removed) == (1, 2)
    assert listed(gateway, ann, "relay-domain") == ["c.example", "d.example"]


def test_replacing_takes_the_files_order(gateway: Gateway, ann: Actor) -> None:
    run(gateway, ann, "rbl", "a.example\nb.example\nc.example\n")

    run(gateway, ann, "rbl", "c.example\na.example\nb.example\n", replace=True)

    assert listed(gateway, ann, "rbl") == ["c.example", "a.example", "b.example"]


def test_a_dry_run_of_replacing_counts_what_would_be_removed(gateway: Gateway, ann: Actor) -> None:
    run(gateway, ann, "relay-domain", "a.example\nb.example\n")

    assert run(gateway, ann, "relay-domain", "b.example\n", replace=True, dry_run=True).removed == 1


def test_new_rules_are_numbered_after_those_that_are_there(gateway: Gateway, ann: Actor) -> None:
    run(gateway, ann, "body-check", "/a/ WARN\n")

    run(gateway, ann, "body-check", "/b/ WARN\n/c/ WARN\n")

    assert listed(gateway, ann, "body-check") == ["1", "2", "3"]


def test_one_bad_line_keeps_everything_out_and_is_named(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue) as refusal:
        run(gateway, ann, "relay-domain", "a.example\nb.example\nnot a domain\nc.example\n")

    assert [problem.field.partition(",")[0] for problem in refusal.value.problems] == ["line 3"]
    assert listed(gateway, ann, "relay-domain") == []


def test_every_bad_line_is_named(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue) as refusal:
        run(gateway, ann, "network", "10.0.0.1/8\n10.0.0.0/8\n300.0.0.1\n")

    assert [problem.field.partition(",")[0] for problem in refusal.value.problems] == ["line 1", "line 3"]


def test_very_many_bad_lines_are_counted(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue, match="900 more lines"):
        run(gateway, ann, "relay-domain", "".join(f"bad name {n}\n" for n in range(imports.MOST_PROBLEMS + 900)))


def test_a_dry_run_names_bad_lines_too(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue, match="line 1"):
        run(gateway, ann, "relay-domain", "not a domain\n", dry_run=True)


def test_a_key_that_comes_twice_is_a_fault_of_its_second_line(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue, match="line 2"):
        run(gateway, ann, "relay-domain", "a.example\nA.example\n")


@pytest.mark.parametrize("noun", ["sasl", "lookup-table"])
@pytest.mark.parametrize("form", Format)
def test_what_has_no_lines_is_not_imported(gateway: Gateway, ann: Actor, noun: str, form: Format) -> None:
    with pytest.raises(InvalidValue):
        run(gateway, ann, noun, "smtp.example.net u password\n", form=form)


def test_passwords_are_not_exported(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "sasl", {"host": "smtp.example.net", "user": "u", "password": "hunter2"})

    for form in Format:
        try:
            text = exported(gateway, ann, "sasl", form)
        except InvalidValue as refusal:
            text = str(refusal)
        assert "hunter2" not in text


def test_progress_is_told(gateway: Gateway, ann: Actor) -> None:
    told: list[int] = []

    run(gateway, ann, "relay-domain", "".join(f"d{n}.example\n" for n in range(5000)), progress=told.append)

    assert told == [2000, 4000, 5000]


def test_an_import_is_one_entry_of_the_audit(gateway: Gateway, ann: Actor) -> None:
    run(gateway, ann, "relay-domain", "a.example\nb.example\n")

    with gateway.store.reading() as reader:
        assert [entry.verb for entry in reader.audit_newest()] == ["import"]


def test_nobody_imports_without_the_right(gateway: Gateway) -> None:
    with pytest.raises(NotPermitted):
        run(gateway, Actor("local:eve", rights=frozenset({Right.VIEW})), "relay-domain", "a.example\n")


def test_an_old_state_can_be_exported(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    run(gateway, ann, "relay-domain", "a.example\n")
    number = applied()
    run(gateway, ann, "relay-domain", "b.example\n")

    with exports.exported(gateway, ann, "relay-domain", state=DRAFT.parse(str(number))) as lines:
        assert list(lines) == ["a.example\n"]


def test_memory_does_not_grow_with_the_file(gateway: Gateway, ann: Actor) -> None:
    def lines(count: int, word: str) -> list[str]:
        return [
            f"{word}{number}.example smtp:[{random.Random(number).randrange(9)}.example.net]\n"
            for number in range(count)
        ]

    import_rows(gateway, ann, "transport", lines(20_000, "a"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    import_rows(gateway, ann, "transport", (f"b{n}.example smtp:[x.example.net]\n" for n in range(60_000)))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
