"""Tables as the real postmap builds, changes and answers them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.faults import FailingAfter, Recording

from sealgate.model.errors import NodeFailed
from sealgate.postfix.files import Files
from sealgate.postfix.tables import Tables, TableType, file_of, pays_to_rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.postfix.command import Programs

INDEXED = [kind for kind in TableType if kind.indexed]
REVISABLE = [kind for kind in TableType if kind.revisable]
ENTRIES = [("b.test", "smtp:[two]:25"), ("a.test", "smtp:[one]:25"), (".c.test", "relay:x")]

# What may stand in a table that Sealgate generates: keys without blanks, values of printable text.
keys = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40).filter(
    lambda key: key[0] != "#" and key.isascii() and key == key.lower() and '"' not in key and key[-1] not in "\\:"
)
values = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["C"]), min_size=1).filter(
    lambda value: value == value.strip()
)


@pytest.mark.parametrize("kind", INDEXED)
def test_an_indexed_table_answers_with_what_was_put_in(kind: TableType, tables: Tables, tmp_path: Path) -> None:
    built = tables.build(tmp_path / "t", kind, ENTRIES)

    assert built.whole
    assert built.entries == 3
    assert tables.query_many(tmp_path / "t", kind, ["a.test", "b.test", ".c.test", "d.test"]).found == dict(ENTRIES)


@pytest.mark.parametrize("kind", INDEXED)
def test_building_leaves_the_table_and_nothing_else(kind: TableType, tables: Tables, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()

    tables.build(tmp_path / "x/t", kind, ENTRIES)

    assert [path.name for path in (tmp_path / "x").iterdir()] == [f"t{kind.suffix}"]


def test_a_table_of_secrets_is_for_root_only_from_its_first_byte(programs: Programs, tmp_path: Path) -> None:
    open_to_others = []

    def watch(step: str, path: Path) -> None:
        for file in tmp_path.rglob("*.lmdb"):
            modes = file.stat().st_mode & file.parent.stat().st_mode
            open_to_others.append(modes & 0o077)

    Tables(programs, Files(watch)).build(tmp_path / "t", TableType.LMDB, ENTRIES, mode=0o600)

    assert stat.S_IMODE((tmp_path / "t.lmdb").stat().st_mode) == 0o600
    assert set(open_to_others) == {0}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (TableType.CIDR, "10.0.0.0/8", "OK"),
        (TableType.PCRE, "/^Subject: x y/i", "REJECT no"),
        (TableType.REGEXP, "/a b/", "WARN"),
        (TableType.TEXTHASH, "a.test", "x"),
    ],
)
def test_a_text_table_is_the_text(kind: TableType, key: str, value: str, tables: Tables, tmp_path: Path) -> None:
    built = tables.build(tmp_path / "t", kind, [(key, value)])

    assert built.whole
    assert (tmp_path / "t").read_text() == f"{key}\t{value}\n"


def test_entries_may_come_in_any_order(tables: Tables, tmp_path: Path) -> None:
    tables.build(tmp_path / "t", TableType.LMDB, ((f"k{n % 97}.test", "x") for n in range(97)))

    assert [key for key, _ in tables.contents(tmp_path / "t", TableType.LMDB)] == sorted(
        f"k{n}.test" for n in range(97)
    )


def test_a_table_larger_than_the_default_map_size_is_built_in_one_pass(tables: Tables, tmp_path: Path) -> None:
    entries = ((f"d{n:06}.example.com", "smtp:[mx.example.net]:2525 " + "x" * 100) for n in range(120_000))

    built = tables.build(tmp_path / "t", TableType.LMDB, entries, ordered=True)

    assert built.whole
    assert built.file.stat().st_size > 16_777_216
    assert tables.query(tmp_path / "t", "lmdb", "d119999.example.com")[0] is not None


def test_a_duplicate_key_is_a_complaint_though_postmap_ends_well(tables: Tables, tmp_path: Path) -> None:
    built = tables.build(tmp_path / "t", TableType.HASH, [("a", "1"), ("a", "2")])

    assert not built.whole
    assert "duplicate" in built.complaints[0].text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", "x"),
        ("#a", "x"),
        (" a", "x"),
        ("a b", "x"),
        ("a\\", "x"),
        ('a"b', "x"),
        ("alias:", "x"),
        ("a\nb", "x"),
        ("a", ""),
        ("a", "x\ny"),
        ("a", " x"),
        ("a\0", "x"),
    ],
)
def test_what_a_line_cannot_carry_is_refused_and_no_table_is_made(
    key: str, value: str, tables: Tables, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"key|value|single"):
        tables.build(tmp_path / "t", TableType.LMDB, [("good", "x"), (key, value)])

    assert not (tmp_path / "t.lmdb").exists()


@pytest.mark.parametrize("key", ['"a;b"@x.test', '"a b"@x.test', "a\\b", '"a\\"b"@x.test'])
def test_a_quoted_local_part_is_a_key_as_it_is_written(key: str, tables: Tables, tmp_path: Path) -> None:
    tables.build(tmp_path / "t", TableType.LMDB, [(key, "x")])

    assert list(tables.contents(tmp_path / "t", TableType.LMDB)) == [(key, "x")]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.dictionaries(keys, values, max_size=8))
def test_every_entry_that_is_taken_is_read_back_as_it_was(
    entries: dict[str, str], tables: Tables, tmp_path: Path
) -> None:
    built = tables.build(tmp_path / "t", TableType.LMDB, entries.items())

    assert built.whole
    assert dict(tables.contents(tmp_path / "t", TableType.LMDB)) == entries


# -- named look-up tables, which have a text


def test_a_text_stays_and_its_faults_are_named_by_line(tables: Tables, tmp_path: Path) -> None:
    source = tmp_path / "people.map"
    source.write_text("a 1\n# comment\nlonely\nb 2\n")

    built = tables.build_from_text(source, TableType.HASH)

    assert source.read_text().startswith("a 1")
    assert [(said.file, said.line) for said in built.complaints] == [(str(source), 3)]
    assert tables.query(source, "hash", "b")[0] == "2"


def test_the_rules_of_a_text_table_are_checked(tables: Tables, tmp_path: Path) -> None:
    source = tmp_path / "checks.map"
    source.write_text("/fine/ OK\n/(/ REJECT\n")

    assert [said.line for said in tables.build_from_text(source, TableType.PCRE).complaints] == [2]


# -- changing rows


@pytest.mark.parametrize("kind", REVISABLE)
def test_a_revised_table_differs_from_its_parent_in_the_changed_rows_only(
    kind: TableType, tables: Tables, tmp_path: Path
) -> None:
    tables.build(tmp_path / "parent", kind, ENTRIES)

    built = tables.revise(
        tmp_path / "parent", tmp_path / "t", kind, {"a.test": "smtp:[new]", "b.test": None, "n.test": "relay:n"}
    )

    assert built.whole
    assert dict(tables.contents(tmp_path / "t", kind)) == {
        "a.test": "smtp:[new]", ".c.test": "relay:x", "n.test": "relay:n",
    }  # fmt: skip
    assert dict(tables.contents(tmp_path / "parent", kind)) == dict(ENTRIES)


def test_taking_away_a_row_that_is_not_there_is_no_fault(tables: Tables, tmp_path: Path) -> None:
    tables.build(tmp_path / "parent", TableType.LMDB, ENTRIES)

    assert tables.revise(tmp_path / "parent", tmp_path / "t", TableType.LMDB, {"zzz": None}).whole


def test_revising_leaves_no_other_files(tables: Tables, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    tables.build(tmp_path / "x/parent", TableType.LMDB, ENTRIES)

    tables.revise(tmp_path / "x/parent", tmp_path / "x/t", TableType.LMDB, {"a.test": "y"})

    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["parent.lmdb", "t.lmdb"]


def test_rows_of_a_cdb_table_cannot_be_changed_one_by_one(tables: Tables, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one by one"):
        tables.revise(tmp_path / "p", tmp_path / "t", TableType.CDB, {"a": "b"})


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.dictionaries(keys, values, max_size=6), changes=st.dictionaries(keys, values | st.none(), max_size=6))
def test_copy_and_delta_give_what_building_anew_gives(
    before: dict[str, str], changes: dict[str, str | None], tables: Tables, tmp_path: Path
) -> None:
    tables.build(tmp_path / "p", TableType.LMDB, before.items())

    tables.revise(tmp_path / "p", tmp_path / "t", TableType.LMDB, changes)

    after = {key: value for key, value in (before | changes).items() if value is not None}
    assert dict(tables.contents(tmp_path / "t", TableType.LMDB)) == after


@pytest.mark.parametrize(
    ("changed", "total", "anew"),
    [(1, 1_000_000, False), (3000, 1_000_000, False), (3001, 1_000_000, True), (2, 10, True), (1, 10, False)],
)
def test_many_changes_are_better_built_anew(changed: int, total: int, *, anew: bool) -> None:
    assert pays_to_rebuild(changed, total) is anew


# -- crashes


def test_whatever_step_fails_a_table_that_was_there_stays_whole(programs: Programs, tmp_path: Path) -> None:
    healthy = Tables(programs, Files())
    healthy.build(tmp_path / "t", TableType.LMDB, ENTRIES)
    recording = Recording()
    Tables(programs, Files(recording)).build(tmp_path / "t", TableType.LMDB, ENTRIES)
    for done in range(len(recording.steps)):
        with pytest.raises(OSError, match="No space"):
            Tables(programs, Files(FailingAfter(steps_done=done))).build(tmp_path / "t", TableType.LMDB, [("n", "x")])

        assert len(dict(healthy.contents(tmp_path / "t", TableType.LMDB))) in {1, 3}


def test_whatever_step_fails_while_revising_parent_and_table_stay_whole(programs: Programs, tmp_path: Path) -> None:
    healthy = Tables(programs, Files())
    healthy.build(tmp_path / "p", TableType.LMDB, ENTRIES)
    recording = Recording()
    changes: dict[str, str | None] = {"a.test": "new", "b.test": None}
    Tables(programs, Files(recording)).revise(tmp_path / "p", tmp_path / "t", TableType.LMDB, changes)
    revised = dict(healthy.contents(tmp_path / "t", TableType.LMDB))
    for done in range(len(recording.steps)):
        with pytest.raises(OSError, match="No space"):
            Tables(programs, Files(FailingAfter(steps_done=done))).revise(
                tmp_path / "p", tmp_path / "t", TableType.LMDB, changes
            )

        assert dict(healthy.contents(tmp_path / "p", TableType.LMDB)) == dict(ENTRIES)
        assert dict(healthy.contents(tmp_path / "t", TableType.LMDB)) == revised


def test_a_postmap_that_is_ended_leaves_the_table_that_was_there(tables: Tables, tmp_path: Path) -> None:
    tables.build(tmp_path / "t", TableType.HASH, ENTRIES)
    endless = ((f"k{n:09}", "x") for n in range(1 << 40))

    built = tables.build(tmp_path / "t", TableType.HASH, endless, ordered=True, timeout=0.2)

    assert not built.whole
    assert dict(tables.contents(tmp_path / "t", TableType.HASH)) == dict(ENTRIES)


# -- asking


def test_a_missing_table_is_a_complaint_and_no_answer(tables: Tables, tmp_path: Path) -> None:
    value, said = tables.query(tmp_path / "none", "lmdb", "a")

    assert value is None
    assert "No such file" in said[0].text


def test_a_type_that_is_not_installed_is_a_complaint(tables: Tables, tmp_path: Path) -> None:
    assert "unsupported" in tables.check(tmp_path / "t", "frob")[0].text


def test_the_contents_of_a_missing_table_raise(tables: Tables, tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="postmap"):
        list(tables.contents(tmp_path / "none", TableType.LMDB))


def test_keys_may_hold_blanks_and_are_matched_to_their_own_answer(tables: Tables, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("/^subject: a b$/ REJECT one\n/^subject: c$/ REJECT two\n")

    found = tables.query_many(tmp_path / "t", "pcre", ["Subject: x", "Subject: c", "Subject: a b"]).found

    assert found == {"Subject: c": "REJECT two", "Subject: a b": "REJECT one"}


def test_a_cache_can_lose_keys_in_place(tables: Tables, tmp_path: Path) -> None:
    tables.build(tmp_path / "t", TableType.LMDB, ENTRIES)

    tables.take_out(tmp_path / "t", TableType.LMDB, ["a.test", "b.test"])

    assert dict(tables.contents(tmp_path / "t", TableType.LMDB)) == {".c.test": "relay:x"}


# -- rules


def test_a_bad_rule_is_named_and_its_neighbours_are_not(tables: Tables) -> None:
    said = tables.compile_rules(TableType.PCRE, ["/fine/ OK", "/(/ REJECT", "/fine too/ OK", "/x/e REJECT"])

    assert sorted(said) == [1, 3]


def test_a_rule_of_two_lines_is_refused_and_does_not_shift_the_others(tables: Tables) -> None:
    said = tables.compile_rules(TableType.REGEXP, ["/a/ OK\n/b/ OK", " /c/ OK", "# d", "/(/ REJECT"])

    assert sorted(said) == [0, 1, 2, 3]


def test_an_if_that_is_never_closed_is_named(tables: Tables) -> None:
    assert "ENDIF" in tables.compile_rules(TableType.PCRE, ["/a/ OK", "if /x/", "/b/ OK"])[1][0].text


def test_good_rules_have_no_complaints(tables: Tables) -> None:
    assert tables.compile_rules(TableType.CIDR, ["10.0.0.0/8 OK", "2001:db8::/32 REJECT no"]) == {}


def test_the_file_that_postfix_reads_has_the_suffix_of_its_type(tmp_path: Path) -> None:
    names = {kind: file_of(tmp_path / "t", kind).name for kind in TableType}

    assert names[TableType.LMDB] == "t.lmdb"
    assert names[TableType.BTREE] == names[TableType.HASH] == "t.db"
    assert names[TableType.PCRE] == "t"
