"""Columns as arguments and options: every kind of row can be typed, and no secret ever stands in the argument list."""

from __future__ import annotations

import click
import pytest

from sealgate.cli.columns import columns_of, fields_from, parameters
from sealgate.cli.terminal import Terminal
from sealgate.model.errors import InvalidValue
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind

EACH = pytest.mark.parametrize("noun", NOUNS.values(), ids=list(NOUNS))
BOTH = pytest.mark.parametrize("adding", [True, False])


def typed(noun, *words, adding=True):
    """Return the fields that a command line with these words gives."""
    kind = NOUNS[noun]
    command = click.Command("x", params=parameters(kind, adding=adding))
    given = command.make_context("x", list(words)).params
    return fields_from(Terminal(), kind, given, adding=adding)


@EACH
@BOTH
def test_every_column_that_is_filled_in_has_one_parameter(noun, adding):
    assert len(parameters(noun, adding=adding)) == len(columns_of(noun))


@EACH
@BOTH
def test_no_two_parameters_have_the_same_name(noun, adding):
    names = [word for param in parameters(noun, adding=adding) for word in (*param.opts, *param.secondary_opts)]

    assert len(names) == len(set(names))


@EACH
def test_a_change_has_options_only(noun):
    assert all(isinstance(param, click.Option) and not param.required for param in parameters(noun, adding=False))


@EACH
def test_an_option_says_what_it_is_for(noun):
    assert all(param.help for param in parameters(noun, adding=True) if isinstance(param, click.Option))


@EACH
@BOTH
def test_a_secret_is_read_from_a_file(noun, adding):
    secrets = {f"field_{column.name}" for column in noun.columns if column.kind is Kind.SECRET}

    assert all(
        param.opts[0].endswith("-file") and param.metavar == "FILE"
        for param in parameters(noun, adding=adding)
        if param.name in secrets
    )


@EACH
def test_at_most_the_last_argument_takes_many_words(noun):
    arguments = [param for param in parameters(noun, adding=True) if isinstance(param, click.Argument)]

    assert all(param.nargs == 1 for param in arguments[:-1])


def test_arguments_stand_by_position():
    assert typed("black", "10.0.0.1", "--reason", "too much spam") == {"client": "10.0.0.1", "reason": "too much spam"}


def test_what_is_not_said_is_left_out():
    assert typed("black", adding=False) == {}


def test_an_empty_option_empties_the_field():
    assert typed("black", "--reason", "", adding=False) == {"reason": ""}


@pytest.mark.parametrize(("words", "fields"), [(["--tls"], {"tls": True}), (["--no-tls"], {"tls": False}), ([], {})])
def test_a_flag_is_yes_no_or_not_said(words, fields):
    assert typed("policy-test", *words, adding=False) == fields


@pytest.mark.parametrize(
    "words",
    [
        ["--networks", "10.0.0.0/8", "--networks", "192.0.2.1"],
        ["--networks", "10.0.0.0/8,192.0.2.1"],
        ["--networks", " 10.0.0.0/8  192.0.2.1,"],
    ],
)
def test_a_list_is_said_in_one_option_or_many(words):
    assert typed("provider", *words, adding=False) == {"networks": ["10.0.0.0/8", "192.0.2.1"]}


def test_addresses_of_a_forwarding_follow_the_account():
    fields = typed("forwarding", "root", "a@b.example,", "c@d.example")

    assert fields == {"account": "root", "addresses": ["a@b.example", "c@d.example"]}


def test_a_number_goes_to_the_model_as_it_was_typed():
    assert typed("policy-test", "--port", "many", adding=False) == {"port": "many"}


@pytest.mark.parametrize("words", [["--colour", "red"], ["--senders", "everybody"], ["--networks"]])
def test_what_no_row_has_is_refused(words):
    with pytest.raises(click.UsageError):
        typed("provider", *words, adding=False)


def test_a_required_argument_is_asked_for():
    with pytest.raises(click.MissingParameter):
        typed("black")


def test_a_password_comes_from_its_file(tmp_path):
    (tmp_path / "secret").write_text("pass word \r\n")

    assert typed("sasl", "--password-file", str(tmp_path / "secret"), adding=False) == {"password": "pass word "}


def test_a_change_of_a_login_does_not_ask_for_its_password():
    assert typed("sasl", adding=False) == {}


def test_a_text_comes_from_its_file(tmp_path):
    (tmp_path / "table").write_text("bücher.example OK\n", encoding="utf-8")

    assert "bücher.example OK\n" in typed("lookup-table", "--file", str(tmp_path / "table"), adding=False).values()


def test_a_text_that_is_no_utf_8_is_refused_with_its_line(tmp_path):
    (tmp_path / "table").write_bytes(b"one OK\nb\xfccher OK\n")
    with pytest.raises(InvalidValue, match="line 2 has the byte 0xfc"):
        typed("lookup-table", "--file", str(tmp_path / "table"), adding=False)


def test_a_password_that_is_no_text_is_not_quoted(tmp_path):
    (tmp_path / "secret").write_bytes(b"geheim\xff")
    with pytest.raises(InvalidValue) as caught:
        typed("sasl", "--password-file", str(tmp_path / "secret"), adding=False)

    assert "geheim" not in str(caught.value)


def test_a_file_that_is_too_large_for_a_password_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(InvalidValue, match="cannot be the right file"):
        typed("sasl", "--password-file", str(tmp_path / "secret"), adding=False)


def test_size_and_lines_of_a_text_are_not_filled_in():
    assert not {"size", "lines"} & {column.name for column in columns_of(NOUNS["lookup-table"])}


def test_the_size_of_a_policy_test_is_filled_in():
    assert typed("policy-test", "--size", "20 MiB", adding=False) == {"size": "20 MiB"}
