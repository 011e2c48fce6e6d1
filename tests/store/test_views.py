from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.states import keys

from sealgate.model.content import chunk_digest
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.store import ANY
from sealgate.store.views import words


@pytest.fixture
def listed(store):
    """Five relay domains and three header checks, of which two domains are live and one of these changed since."""
    with store.writing("local:ann") as w:
        w.save("relay-domain", "b.example", {"domain": "b.example"}, base=None)
        w.save("relay-domain", "d.example", {"domain": "d.example"}, base=None, comment="old")
        w.save("header-check", "last", {"text": "l"}, base=None)
        w.save("header-check", "first", {"text": "f"}, base=None)
        w.move("header-check", "first", before="last")
        w.promote(w.candidate().candidate, "two domains", {})
        for name in ("a", "c", "e"):
            w.save("relay-domain", f"{name}.example", {"domain": f"{name}.example"}, base=None)
        w.save("relay-domain", "d.example", {"domain": "d.example"}, base=ANY, comment="new")
        w.save("header-check", "middle", {"text": "m"}, base=None)
        w.move("header-check", "middle", after="first")
    return store


def test_unordered_rows_come_by_key(listed):
    with listed.reading() as r:
        assert keys(r.draft(), "relay-domain") == [f"{name}.example" for name in "abcde"]


def test_ordered_rows_come_by_position(listed):
    with listed.reading() as r:
        assert keys(r.draft(), "header-check") == ["first", "middle", "last"]


def test_the_live_view_shows_what_was_applied(listed):
    with listed.reading() as r:
        assert keys(r.live(), "relay-domain") == ["b.example", "d.example"]


def test_the_live_view_shows_the_content_as_applied(listed):
    with listed.reading() as r:
        assert r.live().row("relay-domain", "d.example").comment == "old"


def test_the_live_view_orders_as_applied(listed):
    with listed.reading() as r:
        assert keys(r.live(), "header-check") == ["first", "last"]


def test_the_state_before_the_first_revision_is_empty(listed):
    with listed.reading() as r:
        assert (keys(r.revision(0), "relay-domain"), r.revision(0).count("relay-domain")) == ([], 0)


def test_a_revision_that_was_never_made_is_not_found(listed):
    with listed.reading() as r, pytest.raises(NotFound):
        r.revision(2)


@pytest.mark.parametrize("noun", ["relay-domain", "header-check"])
@pytest.mark.parametrize("size", [1, 2, 3, 10])
@pytest.mark.parametrize("state", ["draft", "live", "candidate"])
def test_pages_together_are_the_list(listed, noun, size, state):
    with listed.reading() as r:
        view = getattr(r, state)()
        found, after = [], None
        while page := list(view.rows(noun, after=after, limit=size)):
            found += page
            after = view.cursor(page[-1])
        assert found == list(view.rows(noun))


def test_a_page_goes_on_where_the_row_before_it_was_even_if_that_is_gone(listed):
    with listed.reading() as r:
        after = r.draft().cursor(r.draft().row("header-check", "first"))
    with listed.writing("a") as w:
        w.delete("header-check", "first", base=ANY)
    with listed.reading() as r:
        assert [row.key for row in r.draft().rows("header-check", after=after)] == ["middle", "last"]


@pytest.mark.parametrize("after", ["nonsense", "x:first", ":first", "-1:first", "٣:first"])
def test_a_place_that_no_page_gave_is_refused(listed, after):
    with listed.reading() as r, pytest.raises(InvalidValue):
        list(r.draft().rows("header-check", after=after))


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("C.EXAMPLE", ["c.example"]),
        ("new", ["d.example"]),
        ("%", []),
        ("_", []),
        ("nowhere", []),
        ("\0", ["a.example", "b.example", "c.example", "d.example", "e.example"]),
    ],
)
def test_a_search_finds_text_in_any_case(listed, search, found):
    with listed.reading() as r:
        assert [row.key for row in r.draft().rows("relay-domain", search=search)] == found


def test_a_search_is_counted(listed):
    with listed.reading() as r:
        assert (r.draft().count("relay-domain", "d"), r.draft().count("relay-domain", "new")) == (1, 1)


def test_a_search_in_the_live_state_looks_at_the_live_content(listed):
    with listed.reading() as r:
        assert (r.live().count("relay-domain", "old"), r.live().count("relay-domain", "new")) == (1, 0)


def test_a_search_goes_page_by_page(listed):
    with listed.reading() as r:
        page = [row.key for row in r.draft().rows("relay-domain", search="example", after="b.example", limit=2)]
    assert page == ["c.example", "d.example"]


def test_a_search_folds_letters_of_any_script(store):
    with store.writing("a") as w:
        w.save("black", "k", {"reason": "Größe ÄRGER Ж"}, base=None)
    with store.reading() as r:
        assert [r.draft().count("black", search) for search in ("GRÖSSE", "ärger", "ж")] == [1, 1, 1]


def test_a_search_looks_at_values_inside_values(store):
    with store.writing("a") as w:
        w.save("black", "k", {"hop": {"host": "deep.example", "port": 2525}, "list": ["one", ["two"]]}, base=None)
    with store.reading() as r:
        found = [r.draft().count("black", search) for search in ("deep.", "2525", "one", "two", "host", "list")]
    assert found == [1, 1, 1, 1, 0, 0]


def test_digests_are_no_words():
    assert words("k", {"chunks": ["0" * 64], "n": None, "yes": True, "text": "A"}, "B") == "k\nb\na"


def test_the_number_of_rows_counts_what_the_view_shows(listed):
    with listed.reading() as r:
        assert (r.draft().count("relay-domain"), r.live().count("relay-domain"), r.draft().count("white")) == (5, 2, 0)


def test_several_rows_can_be_had_by_key(listed):
    with listed.reading() as r:
        found = r.draft().named("relay-domain", ["a.example", "nowhere.example", "e.example", "nul\0"])
    assert sorted(found) == ["a.example", "e.example"]


@pytest.fixture
def tagged(store):
    with store.writing("a") as w:
        for number in range(20):
            w.save("transport", f"{number:02}.example", {}, base=None, tag=f"[mx{number % 3}]:25")
        w.promote(w.candidate().candidate, "", {})
        w.save("transport", "off.example", {}, base=None, tag="[off]:25", enabled=False)
        w.save("transport", "none.example", {}, base=None, tag=None)
        w.save("transport", "empty.example", {}, base=None, tag="")
        w.save("transport", "new.example", {}, base=None, tag="[new]:25")
    return store


def test_tags_are_given_once_each_sorted_and_only_of_enabled_rows(tagged):
    with tagged.reading() as r:
        assert list(r.draft().tags("transport")) == ["[mx0]:25", "[mx1]:25", "[mx2]:25", "[new]:25"]


def test_tags_of_the_live_state_are_those_applied(tagged):
    with tagged.reading() as r:
        assert list(r.live().tags("transport")) == ["[mx0]:25", "[mx1]:25", "[mx2]:25"]


def test_rows_can_be_had_by_tag(tagged):
    with tagged.reading() as r:
        found = [row.key for row in r.draft().rows("transport", tag="[mx1]:25", limit=3)]
    assert found == ["01.example", "04.example", "07.example"]


def test_a_snapshot_stays_as_it_is_while_others_write(listed):
    with listed.reading() as r:
        before = keys(r.draft(), "relay-domain")
        with listed.writing("b") as w:
            w.delete("relay-domain", "a.example", base=ANY)
            w.promote(w.candidate().candidate, "", {})
        assert (keys(r.draft(), "relay-domain"), r.draft().count("relay-domain"), r.newest) == (before, 5, 1)


def test_content_is_kept_by_digest(store):
    data = b"example.com encrypt\n"
    with store.writing("a") as w:
        w.put_content(chunk_digest(data), data)
        w.put_content(chunk_digest(data), data)
    with store.reading() as r:
        assert (list(r.draft().chunks([chunk_digest(data)] * 2)), r.has_content(chunk_digest(data))) == (
            [data] * 2,
            True,
        )


def test_content_under_a_wrong_digest_is_refused(store):
    with pytest.raises(InvalidValue), store.writing("a") as w:
        w.put_content(chunk_digest(b"other"), b"this")


def test_content_that_is_not_there_is_not_found(store):
    with store.reading() as r, pytest.raises(NotFound):
        r.content("0" * 64)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8), unique=True)
)
def test_keys_of_any_script_are_sorted_as_python_sorts(store, names):
    with store.writing("a") as w:
        w.delete_many("black", keys(w.draft(), "black"))
        for name in names:
            w.save("black", name, {}, base=None)
    with store.reading() as r:
        assert keys(r.draft(), "black") == sorted(names)
