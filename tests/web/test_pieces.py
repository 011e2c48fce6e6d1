"""The small parts that pages are made of: texts, formats, differences in two columns, charts, navigation."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections import Counter
from difflib import unified_diff
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS
from sealgate.services.check_trials import headers_of
from sealgate.services.traffic import Slot
from sealgate.web import charts, failures, formats, navigation
from sealgate.web.columns import columns_of
from sealgate.web.configuration import PAGES
from sealgate.web.diffs import Pair, side_by_side
from sealgate.web.fields import setting_text
from sealgate.web.site import templates
from sealgate.web.static_files import StaticFiles
from sealgate.web.texts import Texts
from sealgate.web.visit import whole

DASH = "\N{EN DASH}"
TEXTS = Texts.load()
PLACE = Path(str(files("sealgate.web")))
TEMPLATES = sorted((PLACE / "templates").glob("*.html"))
USED = {
    name
    for file in (*TEMPLATES, *PLACE.glob("*.py"))
    for name in re.findall(r'\b(?:t|texts|words)\(\s*"([a-z_.-]+)"\s*[,)]', file.read_text("utf-8"))
}
COUNTED = {name for file in TEMPLATES for name in re.findall(r't\.count\("([a-z_.-]+)",', file.read_text("utf-8"))}


def test_every_text_that_is_named_is_there() -> None:
    assert {name for name in USED if name not in TEXTS.entries} == set()


def test_every_text_that_is_counted_has_a_form_for_one_and_for_several() -> None:
    wanted = {f"{name}.{form}" for name in COUNTED for form in ("one", "other")}

    assert wanted - TEXTS.entries.keys() == set()


def test_every_list_has_a_title_a_lead_and_words_for_when_it_is_empty() -> None:
    wanted = {f"list.{part}.{noun}" for noun in NOUNS for part in ("title", "lead", "empty")}

    assert wanted - TEXTS.entries.keys() == set()


def test_every_page_of_the_navigation_has_a_name() -> None:
    wanted = {f"nav.{place.name}" for place in navigation.every_place()}

    assert wanted - TEXTS.entries.keys() == set()


def test_every_error_has_a_title_and_says_what_to_do_next() -> None:
    names = {name for _kind, _status, name in failures.STATUS} | {"fault", "signed_out", "link"}

    assert {f"error.{n}.{part}" for n in names for part in ("title", "next")} - TEXTS.entries.keys() == set()


@pytest.mark.parametrize("name", sorted(TEXTS.entries))
def test_a_text_is_a_sentence_of_plain_words_with_known_places(name: str) -> None:
    text = TEXTS.entries[name]

    assert text.strip() == text != ""
    assert all(place is None or place.isidentifier() for _text, place, _spec, _kind in string.Formatter().parse(text))
    assert "<" not in text.replace("<>", "")


def test_a_name_without_a_text_is_a_fault() -> None:
    with pytest.raises(KeyError):
        TEXTS("no.such.text")


@pytest.mark.parametrize(("number", "said"), [(1, "1 row"), (0, "0 rows"), (1234567, "1,234,567 rows")])
def test_one_and_several_are_told_apart(number: int, said: str) -> None:
    assert TEXTS.count("list.total", number) == said


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_template_is_understood(file: Path) -> None:
    templates(TEXTS, StaticFiles({})).get_template(file.name)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_template_lets_anything_through_unescaped(file: Path) -> None:
    text = file.read_text("utf-8")

    assert re.findall(r"\|\s*safe\b|autoescape|\bon[a-z]+=|style=", text) == []


@pytest.mark.parametrize("file", [file for file in TEMPLATES if file.name != "parts.html"], ids=lambda file: file.name)
def test_no_template_has_words_of_its_own(file: Path) -> None:
    text = re.sub(r"\{[%{#].*?[%}#]\}", "", file.read_text("utf-8"), flags=re.DOTALL)
    words = re.findall(r">([^<]*[A-Za-z]{2,}[^<]*)<", text)

    assert {word.strip() for word in words} <= {"Sealgate", "Postfix", "· Sealgate", "UTC", ":$maps_d_dir/"}


def test_every_setting_is_on_one_page() -> None:
    shown = [page for pages in PAGES.values() for page in pages]

    assert {setting.page for setting in SETTINGS.values()} == set(shown)
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize("name", [name for name, one in SETTINGS.items() if name not in {"tls-key", "tls-certificate"}])
def test_the_default_of_a_setting_as_it_is_typed_reads_back_as_the_default(name: str) -> None:
    setting = SETTINGS[name]
    typed = setting_text(setting, setting.to_json(setting.default))

    assert setting.parse(typed) == setting.default


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_shows_what_names_its_rows_first(noun: str) -> None:
    titles = [column.title for column in columns_of(noun)]

    assert titles[0] in {column.title for column in NOUNS[noun].columns}
    assert "Password" not in titles


def test_what_has_a_form_as_text_is_a_known_list() -> None:
    assert READERS.keys() < NOUNS.keys()


@pytest.mark.parametrize(
    ("value", "said"),
    [(True, "yes"), (False, "no"), (None, DASH), ("", DASH), ([], DASH), ([1, "a"], "1, a"), (0, "0")],
)
def test_a_value_is_shown_in_words(value: object, said: str) -> None:
    assert formats.plain(value) == said


@pytest.mark.parametrize(
    ("size", "said"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (2**31, "2.0 GiB")]
)
def test_a_size_is_shown_in_its_largest_unit(size: int, said: str) -> None:
    assert formats.size(size) == said


def test_a_time_is_shown_in_utc() -> None:
    east = dt.timezone(dt.timedelta(hours=2))

    assert formats.moment(dt.datetime(2026, 1, 1, 1, 30, tzinfo=east)) == "2025-12-31 23:30"


def test_seconds_since_1970_are_a_time_too() -> None:
    assert formats.moment(0.0) == "1970-01-01 00:00"


def test_no_time_is_a_dash() -> None:
    assert formats.moment(None) == "\N{EN DASH}"


@given(st.text(), st.text())
def test_whatever_stands_in_a_query_stays_one_value(name: str, value: str) -> None:
    from urllib.parse import parse_qsl, urlsplit

    name = name.encode("utf-8", "ignore").decode()
    value = value.encode("utf-8", "ignore").decode()
    query = urlsplit(formats.address("/x", **{name: value})).query

    assert parse_qsl(query, keep_blank_values=True) == ([(name, value)] if value else [])


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 30, "+1", " 1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        whole(text, "n", 0)


def test_an_empty_number_is_its_default() -> None:
    assert whole("", "n", 7) == 7


LINE = st.text(st.characters(codec="ascii", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e"), max_size=8)
TEXT = st.lists(LINE, max_size=12)


@given(TEXT, TEXT)
def test_two_columns_hold_every_line_of_a_difference_in_its_order(old: list[str], new: list[str]) -> None:
    lines = [line for number, line in enumerate(unified_diff(old, new, lineterm="", n=20)) if number > 1]
    rows = list(side_by_side(lines))

    if lines:
        assert [row.left for row in rows if row.left is not None] == old
        assert [row.right for row in rows if row.right is not None] == new


def test_what_stayed_stands_in_both_columns() -> None:
    assert list(side_by_side([" same"])) == [Pair("same", "same")]


def test_removed_and_added_lines_stand_beside_each_other() -> None:
    assert list(side_by_side(["-a", "-b", "+c"])) == [Pair("a", "c", changed=True), Pair("b", None, changed=True)]


def test_two_places_of_change_in_a_row_are_not_mixed() -> None:
    rows = list(side_by_side(["-a", "+b", "-c", "+d"]))

    assert rows == [Pair("a", "b", changed=True), Pair("c", "d", changed=True)]


def test_between_places_of_change_stands_where_one_is() -> None:
    assert [row.gap for row in side_by_side(["@@ -10,2 +12,3 @@"])] == ["line 10 / 12"]


def test_a_remark_instead_of_a_difference_is_shown() -> None:
    assert [row.gap for row in side_by_side(["(a long text)"])] == ["(a long text)"]


def slots(*counts: dict[str, int]) -> list[Slot]:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return [Slot(start + number * dt.timedelta(minutes=5), Counter(one)) for number, one in enumerate(counts)]


def test_a_chart_of_nothing_is_nothing() -> None:
    assert charts.stacked_bars(slots({}, {}), ["a"], ["A"], "chart") == ""


def test_the_highest_bar_fills_the_chart() -> None:
    drawn = charts.stacked_bars(slots({"a": 3}, {"a": 1}), ["a"], ["A"], "chart")

    assert re.findall(r'height="([0-9.]+)"', drawn) == ["120.0", "40.0"]


def test_a_bar_says_its_numbers_to_those_who_do_not_see_it() -> None:
    drawn = charts.stacked_bars(slots({"a": 3, "b": 1000}), ["a", "b"], ["A", "B"], "chart")

    assert "<title>2026-01-01 00:00 UTC: A 3, B 1,000</title>" in drawn
    assert 'role="img" aria-label="chart"' in drawn


def test_a_label_of_a_chart_is_escaped() -> None:
    assert "&lt;b&gt;" in charts.stacked_bars(slots({"a": 1}), ["a"], ["<b>"], "x")


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("Subject: a\n b\n\tc\n\nbody", ["Subject: a b c"]),
        ("A: 1\r\nB: 2\r\n\r\n", ["A: 1", "B: 2"]),
        ("\n\nA: 1", ["A: 1"]),
        ("", []),
        (" not folded", [" not folded"]),
    ],
)
def test_headers_are_cut_as_postfix_does(text: str, headers: list[str]) -> None:
    assert headers_of(text) == headers


@given(st.text())
def test_any_text_is_cut_into_headers(text: str) -> None:
    assert all("\n" not in header for header in headers_of(text))


def test_a_page_below_another_opens_that_one_in_the_navigation() -> None:
    config = next(place for place in navigation.every_place() if place.name == "config")

    assert (config.holds("/mta/network/add"), config.leads_to("/mta/network/add")) == (True, False)


def test_the_overview_is_the_home_of_itself_only() -> None:
    home = next(place for place in navigation.every_place() if place.path == "/")

    assert [home.leads_to(path) for path in ("/", "/mta/rbl")] == [True, False]
