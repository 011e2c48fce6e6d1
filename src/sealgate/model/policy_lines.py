r"""A policy test on one line, as the terminal takes it and export writes it.

    [NAME:] from ADDRESS [name NAME] [helo NAME] [tls] [login USER] [port NUMBER]
        mail SENDER to RECIPIENT[, RECIPIENT …] [size SIZE] [header "Subject: text"] … [message "text"]
        expect accept | reject [CODE] ["text"] | defer [CODE] ["text"] | next-hop HOP [tls none|encrypt|verify]
             | encrypted | signed

    outside-cannot-relay: from 203.0.113.5 tls mail a@b.example to c@relay.example expect reject 554 "Relay access"

The null sender is `<>`. A word with a blank, a comma, a quote or a backslash in it stands in double quotes, in which
`\"`, `\\`, `\n` (line end) and `\t` (tab) are known. The order of the parts before `expect` is free when read; what is
written has the order above and reads back as the same test.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from sealgate.model.errors import InvalidValue
from sealgate.model.policy_tests import Expectation, PolicyTest, Protection
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.objects import Fields

LONGEST_LINE = 250_000
_NAMED = re.compile(r"\s*([^\s\":]+):(?:\s+|$)(.*)", re.DOTALL)
_WORD = re.compile(r'\s*(?:(,)|(?:"((?:[^"\\]|\\.)*)"|([^\s",\\]+))(?=[\s,]|$))', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_BARE = re.compile(r'[^\s",\\]+')
# The word in a line, and the field that it fills.
_ONE_WORD = {
    "from": "client",
    "name": "client_name",
    "helo": "helo",
    "login": "login",
    "port": "port",
    "mail": "sender",
    "size": "size",
    "message": "message",
}
_EXAMPLE = "Write it as: from 203.0.113.5 mail a@b.example to c@d.example expect reject 554"


class _Words:
    """The words of a line, one after the other; a word in quotes is never a keyword."""

    def __init__(self, line: str) -> None:
        self._words = list(_split(line))
        self._place = 0

    def peek(self) -> tuple[str, bool] | None:
        """Return the next word and whether it was in quotes."""
        return self._words[self._place] if self._place < len(self._words) else None

    def is_next(self, *words: str) -> bool:
        """Tell whether one of these bare words comes next."""
        return self.peek() in {(word, False) for word in words}

    def take(self) -> tuple[str, bool] | None:
        """Return the next word and go on."""
        found = self.peek()
        self._place += found is not None
        return found

    def value(self, after: str) -> str:
        """Return the word that must follow."""
        found = self.take()
        if found is None or found == (",", False):
            raise InvalidValue.of(f"After {after!r} something is missing.", _EXAMPLE)
        return found[0]


def _split(line: str) -> Iterator[tuple[str, bool]]:
    place = 0
    end = len(line.rstrip())
    while place < end:
        found = _WORD.match(line, place)
        if not found:
            rest = line[place:].strip()
            raise InvalidValue.of(
                f"At {shown(rest)!r} the line cannot be read.",
                r"Text with blanks stands in double quotes; in them write \" for a quote and \\ for a backslash.",
            )
        comma, quoted, bare = found.groups()
        yield (_unescaped(quoted), True) if quoted is not None else (comma or bare, False)
        place = found.end()


def _unescaped(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise InvalidValue.of(f"{shown(found[0])!r} means nothing in quotes.", r"Known are \" \\ \n and \t.")
        return _ESCAPES[found[1]]

    return _ESCAPE.sub(meant, text)


def read_policy_test(line: str) -> Fields:
    """Return the fields that a line stands for; without a name before it `name` is left out."""
    if len(line) > LONGEST_LINE:
        raise InvalidValue.of(f"The test has {len(line):,} characters.", f"At most {LONGEST_LINE:,} are possible.")
    fields: Fields = {}
    named = _NAMED.fullmatch(line)
    if named:
        fields["name"] = named[1]
    words = _Words(named[2] if named else line)
    while not words.is_next("expect"):
        _read_part(words, fields)
    words.take()
    _read_expectation(words, fields)
    if left := words.peek():
        raise InvalidValue.of(f"After the expectation stands {shown(left[0])!r}.", "The expectation ends the line.")
    for field, word in (("client", "from"), ("sender", "mail"), ("recipients", "to")):
        if field not in fields:
            raise InvalidValue.of(f"The test has no {word!r}.", _EXAMPLE, field)
    return fields


def _read_part(words: _Words, fields: Fields) -> None:
    found = words.take()
    if found is None:
        raise InvalidValue.of("The test has no 'expect'.", _EXAMPLE, "expect")
    word, quoted = found
    if quoted or word not in {*_ONE_WORD, "tls", "to", "header"}:
        _unknown(word)
    field = {"to": "recipients", "header": "headers"}.get(word, _ONE_WORD.get(word, word))
    if field in fields and word != "header":
        raise InvalidValue.of(f"{word!r} comes twice.", "Say it once.", field)
    if word == "tls":
        fields["tls"] = True
    elif word == "to":
        fields["recipients"] = _read_recipients(words)
    elif word == "header":
        fields["headers"] = "\n".join([*filter(None, [fields.get("headers")]), words.value(word)])
    else:
        fields[field] = words.value(word)
        if word == "size" and words.peek() and not _is_keyword(words.peek()):
            fields[field] += f" {words.value(word)}"


def _unknown(word: str) -> NoReturn:
    raise InvalidValue.of(
        f"{shown(word)!r} is no part of a test.",
        "Known are: from, name, helo, tls, login, port, mail, to, size, header, message, and expect at the end.",
    )


def _is_keyword(word: tuple[str, bool] | None) -> bool:
    return word is not None and not word[1] and word[0] in {*_ONE_WORD, "tls", "to", "header", "expect"}


def _read_recipients(words: _Words) -> list[str]:
    found = [words.value("to")]
    while words.is_next(","):
        words.take()
        found.append(words.value(","))
    return found


def _read_expectation(words: _Words, fields: Fields) -> None:
    fields["expect"] = words.value("expect")
    if fields["expect"] in {Expectation.REJECT, Expectation.DEFER}:
        following = words.peek()
        if following and not following[1]:
            fields["code"] = words.value("expect")
        if words.peek():
            fields["reply"] = words.value("expect")
    elif fields["expect"] == Expectation.NEXT_HOP:
        fields["next_hop"] = words.value("next-hop")
        if words.is_next("tls"):
            words.take()
            fields["level"] = words.value("tls")


def write_policy_test(value: PolicyTest) -> str:
    """Write a policy test on one line, its name first."""
    return f"{value.name}: {sentence(value)}"


def sentence(value: PolicyTest) -> str:
    """Write a policy test on one line without its name."""
    return f"{mail_words(value)} expect {expectation_words(value)}"


def mail_words(value: PolicyTest) -> str:
    """Write which mail a policy test is about, as it stands before `expect`."""
    return " ".join([*_client(value), *_mail(value)])


def expectation_words(value: PolicyTest) -> str:
    """Write what a policy test expects, as it stands behind `expect`."""
    return " ".join(_expectation(value))


def _client(value: PolicyTest) -> Iterator[str]:
    yield f"from {value.client}"
    if value.client_name:
        yield f"name {value.client_name}"
    if value.helo:
        yield f"helo {_written(value.helo)}"
    if value.tls:
        yield "tls"
    if value.login:
        yield f"login {_written(value.login)}"
    if value.port:
        yield f"port {value.port}"


def _mail(value: PolicyTest) -> Iterator[str]:
    yield f"mail {_written(value.sender) if value.sender else '<>'}"
    yield f"to {', '.join(map(_written, value.recipients))}"
    if value.size is not None:
        yield f"size {value.size}"
    if value.headers:
        for header in re.split(r"\n(?![ \t])", value.headers):
            yield f"header {_quoted(header)}"
    if value.message:
        yield f"message {_quoted(value.message)}"


def _expectation(value: PolicyTest) -> Iterator[str]:
    yield value.expect.value
    if value.code:
        yield value.code
    if value.reply:
        yield _quoted(value.reply)
    if value.next_hop is not None:
        yield value.next_hop.destination
        if value.level is not Protection.ANY:
            yield f"tls {value.level}"


def _written(word: str) -> str:
    return word if _BARE.fullmatch(word) else _quoted(word)


def _quoted(text: str) -> str:
    safe = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{safe}"'
