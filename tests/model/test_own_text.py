"""Own lines of main.cf are read as Postfix reads them, with the line of each definition and each fault."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue
from sealgate.model.own_text import circles, expand, logical_lines, parse_main, parse_text, references, words
from sealgate.model.parameters import OwnLines


def faults(text: str) -> list[tuple[int, str]]:
    return [(fault.line, fault.code) for fault in parse_main(text)[1]]


def values(text: str) -> dict[str, str]:
    return {one.name: one.value for one in parse_main(text)[0]}


def test_a_definition_has_name_value_and_line():
    (one,), _ = parse_main("# a comment\n\nmail_name = My Mail\n")

    assert (one.name, one.value, one.line) == ("mail_name", "My Mail", 3)


def test_a_line_that_begins_with_a_blank_continues_over_comments_and_empty_lines():
    assert values("mynetworks =\n# inside\n\n  10.0.0.0/8\n\t192.0.2.1\nmail_name=x\n") == {
        "mynetworks": "10.0.0.0/8 192.0.2.1",
        "mail_name": "x",
    }


def test_an_indented_comment_is_a_comment():
    assert values("mail_name = x\n  # y\n  z\n") == {"mail_name": "x z"}


def test_a_hash_within_a_value_begins_no_comment():
    assert values("mail_name = x # y\n") == {"mail_name": "x # y"}


def test_of_two_definitions_of_a_name_the_last_counts():
    assert values("mail_name = x\nmail_name = y\n") == {"mail_name": "y"}


def test_a_logical_line_knows_where_it_ends():
    (line,) = logical_lines("a = b\n# c\n  d\n\n# e\n")

    assert (line.first, line.last) == (1, 3)


def test_a_logical_line_knows_which_line_each_of_its_characters_is_of():
    (line,) = logical_lines("ab = c\n# x\n  def\n\n\tg\n")

    assert line.text == "ab = c def g"
    assert [line.line_at(position) for position in range(len(line.text))] == [1] * 7 + [3] * 4 + [5]


def test_a_fault_in_a_continued_value_has_the_line_that_it_stands_in():
    assert faults("mynetworks = 10.0.0.0/8\n  $mynet\n  $!\n") == [(3, "own-line-dollar")]


@pytest.mark.parametrize("text", ["  a = b\n", "# c\n\n  a = b\n", "\ta = b\n"])
def test_white_space_before_the_first_definition_is_a_fault(text):
    assert [code for _, code in faults(text)] == ["own-lines-continue-generated"]


@pytest.mark.parametrize("text", ["hello\n", "= x\n", "a b = c\n", "a$b = c\n", "é = c\n", "[section]\n"])
def test_a_line_without_name_and_equals_sign_is_a_fault(text):
    assert faults(text) == [(1, "own-line-not-understood")]


@pytest.mark.parametrize("value", ["$", "x $ y", "$ 5", "$-", "${x", "$(x", "${x?{a}", "${-}"])
def test_a_dollar_that_postfix_stops_on_is_a_fault(value):
    assert [code for _, code in faults(f"\nmail_name = {value}\n")] == ["own-line-dollar"]


@pytest.mark.parametrize("value", ["$x", "${x}", "$(x)", "$$", "$$5", "${x?{a}:{b}}", "${x:y}", "${{$x}=={y}?{a}:{b}}"])
def test_a_dollar_with_a_meaning_is_none(value):
    assert faults(f"mail_name = {value}\n") == []


def test_references_are_found_in_every_form():
    assert references("$a ${b} $(c) ${d?{$e}:{x}} $$f $a") == ("a", "b", "c", "d", "e")


def test_known_names_are_filled_in_through_others():
    assert expand("x$a/${b}$(c)$unknown", {"a": "1$b", "b": "2", "c": "3"}) == "x12/23$unknown"


def test_a_circle_is_left_as_it_is():
    assert expand("$a", {"a": "$b", "b": "$a"}) == "$a"


def test_names_that_refer_to_themselves_are_told():
    assert circles({"a": "$b", "b": "${c?{$a}}", "d": "$a", "e": "$e"}) == ("a", "b", "e")


def test_a_value_that_grows_too_long_is_not_expanded():
    assert expand("$a30", {f"a{n + 1}": f"$a{n}$a{n}" for n in range(30)} | {"a0": "xxxx"}) is None


def test_words_are_split_at_blanks_and_commas_outside_of_braces():
    assert list(words("a, b\tc {d e, f} g{h i} ,")) == ["a", "b", "c", "{d e, f}", "g{h i}"]


def test_text_is_kept_as_typed_with_one_kind_of_line_end():
    assert parse_text("# x\r\n\r\na = b") == "# x\n\na = b\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = b\nc\0 = d", 2), ("a\u202e", 1), ("x\n\n\u200b", 3), ("a\rb", 1), ("a\vb", 1), ("a\u2028", 1)],
)
def test_invisible_characters_are_refused_by_line(text, line):
    with pytest.raises(InvalidValue) as refused:
        OwnLines.parse({"text": text})

    assert [problem.field for problem in refused.value.problems] == [f"line {line}"]


@pytest.mark.parametrize("junk", [None, 5, [], {}, "x" * 2_000_001])
def test_what_is_no_text_is_refused(junk):
    if junk is None:
        assert OwnLines.parse({"text": junk}) == OwnLines()
    else:
        with pytest.raises(InvalidValue):
            OwnLines.parse({"text": junk})


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        own = OwnLines.parse({"text": text})
    except InvalidValue as refused:
        assert refused.problems  # noqa: PT017 - both outcomes are right, another exception is not
        return
    parse_main(own.text)


_PARAMETERS = ("mail_name", "mydomain", "relayhost", "smtpd_banner", "mynetworks")
_LINES = st.one_of(
    st.builds(
        lambda name, before, after, value: f"{name}{before}={after}{value}",
        st.sampled_from(_PARAMETERS),
        st.sampled_from(["", " ", "\t"]),
        st.sampled_from(["", " ", "  "]),
        st.sampled_from(["", "a.example", "a b", "x # y", "$$z", "a, b", "[::1]:25", "{ x y }", "a=b"]),
    ),
    st.sampled_from(["", "   ", "# comment", "  # indented", "  continued", "\tmore words", " , x"]),
)


def read_by_postfix(text: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as directory:
        main = Path(directory, "main.cf")
        main.write_text(text)
        os.utime(main, (time.time() - 10,) * 2)
        told = subprocess.run(["postconf", "-c", directory, "-n"], capture_output=True, text=True, check=True).stdout
    pairs = (line.partition("=") for line in told.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() != "config_directory"}


@settings(max_examples=60)
@given(st.sampled_from(_PARAMETERS), st.lists(_LINES, max_size=8))
def test_definitions_are_what_the_real_postconf_reads(first, lines):
    text = "\n".join([f"{first} = first", *lines, ""])

    ours = {name: " ".join(value.split()) for name, value in values(text).items()}

    assert ours == {name: " ".join(value.split()) for name, value in read_by_postfix(text).items()}
