"""What smtpd(8) says with `-v` of one session, read as data: every command, every restriction tried, every table asked.

With `-v` smtpd logs each command and reply, the begin and end of each restriction list, each restriction with its
result, and each table look-up with what it gave. So what decided is read from the run and never guessed. Lines that
are not known here are passed over. The texts are those of Postfix 3.7 to 3.10 (smtpd_check.c, maps.c, match_ops.c).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LISTS = {
    "Client host": "smtpd_client_restrictions",
    "Helo command": "smtpd_helo_restrictions",
    "Sender address": "smtpd_sender_restrictions",
    "Etrn command": "smtpd_etrn_restrictions",
    "Data command": "smtpd_data_restrictions",
    "End-of-data": "smtpd_end_of_data_restrictions",
}
_RECIPIENT = "Recipient address"
_RECIPIENT_LISTS = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")

_LINE = re.compile(r"\S+ +\d+ [\d:]+ \S+ (?P<name>\S*?)(?P<program>smtpd)\[(?P<pid>\d+)\]: (?P<text>.*)")
_BEGIN = re.compile(r"connect from (?P<name>\S+)\[(?P<address>[^\]]+)\](?::\d+)?")
_END = re.compile(r"(?:disconnect from|connection closed)")
_SAID = re.compile(r"< (?P<name>\S+)\[(?P<address>[^\]]+)\](?::\d+)?: (?P<text>.*)")
_REPLIED = re.compile(r"> \S+\[[^\]]+\](?::\d+)?: (?P<code>\d{3})(?P<more>[- ]?)(?P<text>.*)")
_START_LIST = re.compile(r">>> START (?P<list>.+) RESTRICTIONS <<<")
_END_LIST = re.compile(r">>> END (?P<list>.+) RESTRICTIONS <<<")
_TRYING = re.compile(r"generic_checks: name=(?P<name>\S+)(?: status=(?P<status>\d+))?$")
_NOT_FOUND = re.compile(r"maps_find: (?P<table>.+): (?P<key>.*): not found$")
_FOUND = re.compile(r"maps_find: .+?: (?P<held>.+?)\([0-9a-z,|_]+\): (?P<key>.*?) = (?P<result>.*)$")
_MATCHED = re.compile(r"match_(?:hostname|hostaddr|string): (?P<list>\S+): (?P<key>\S+) ~\? (?P<pattern>.*)$")
_NO_MATCH = re.compile(r"match_list_match: (?P<key>.*): no match$")
_DNS = re.compile(r"dns_query: (?P<name>\S+) \((?P<type>\w+)\): (?P<result>.*)$")
_REMEMBERED = re.compile(r"ctable_locate: (?:leave|move) existing entry key (?P<name>\S+)$")
_DNS_LIST = re.compile(r"_(?:rbl|rhsbl|dnswl|rhswl)_")
_RESOLVED = re.compile(
    r"resolve_clnt: `.*?' -> `(?P<address>.*?)' -> transp=`(?P<transport>.*?)' host=`(?P<nexthop>.*?)' "
    r"rcpt=`.*?' flags=.* class=(?P<class>\S*)$"
)
_KEPT = re.compile(
    r"(?:NOQUEUE|[0-9A-Za-z]{6,}): (?:reject|discard|filter|hold|redirect|warn|client|milter-\w+|replace|prepend|bcc)\b"
)
_FLAGS = re.compile(r"\([0-9a-z,|_]*\)$")
_REFUSED = 2


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table (`type:path`, a parameter that names tables, or `dns`) asked for a key; None: it has no such key."""

    table: str
    key: str
    result: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """One restriction of a list, with what it asked. `inner` are the restrictions of a class that a table named."""

    restriction: str
    status: int
    lookups: tuple[Lookup, ...] = ()
    inner: tuple[Tried, ...] = ()

    @property
    def opinion(self) -> str:
        """What it said: `permit`, `refuse` (reject or defer, see the reply) or nothing."""
        return {1: "permit", _REFUSED: "refuse"}.get(self.status, "")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a restriction list, named by its parameter in main.cf."""

    parameter: str
    tried: tuple[Tried, ...]

    @property
    def decided(self) -> Tried | None:
        """The restriction that ended the list; None: it ran out without an opinion, which permits."""
        return next((one for one in self.tried if one.status), None)


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the client, the reply to it, and the lists evaluated for it. The greeting is command ``."""

    said: str
    replies: tuple[str, ...]
    evaluations: tuple[Evaluation, ...] = ()
    log: tuple[str, ...] = ()

    @property
    def reply(self) -> str:
        """The last reply, which counts."""
        return self.replies[-1] if self.replies else ""


@dataclass(frozen=True, slots=True)
class Session:
    """One SMTP session. `service` is what the daemon's syslog name says, `client` its address.

    `classes` gives the address class of each address that was resolved (`relay`, `default`, `local`, …; see
    ADDRESS_CLASS_README): mail for `default` is not ours to take from strangers.
    """

    service: str
    name: str
    client: str
    commands: tuple[Command, ...]
    classes: Mapping[str, str] = field(default_factory=dict)

    def has(self, *words: str) -> bool:
        """Whether every one of these commands was given, as it stands."""
        said = {command.said for command in self.commands}
        return all(word in said for word in words)


def sessions(lines: Iterable[str]) -> Iterator[Session]:
    """Read the sessions of a verbose log, in the order in which they ended; what is cut off at its end counts too."""
    open_ones: dict[str, _Reading] = {}
    classes: dict[str, dict[str, str]] = defaultdict(dict)
    for line in lines:
        found = _LINE.match(line)
        if not found:
            continue
        begun = _BEGIN.fullmatch(found["text"])
        if begun:
            if found["pid"] in open_ones:
                yield open_ones.pop(found["pid"]).done()
            open_ones[found["pid"]] = _Reading(found["name"], begun["name"], begun["address"], classes[found["pid"]])
        elif found["pid"] in open_ones:
            open_ones[found["pid"]].take(found["text"], line)
            if _END.match(found["text"]):
                yield open_ones.pop(found["pid"]).done()
    for reading in open_ones.values():
        yield reading.done()


@dataclass
class _Open:
    """A restriction under way."""

    name: str
    lookups: list[Lookup] = field(default_factory=list)
    inner: list[Tried] = field(default_factory=list)


class _Reading:
    """One session while it is read."""

    def __init__(self, prefix: str, name: str, address: str, classes: dict[str, str]) -> None:
        self._service = prefix.rstrip("/")
        self._name, self._address = name, address
        self._commands: list[Command] = []
        self.classes = classes  # of the process: it remembers an answer and asks once only
        self._begin("")

    def _begin(self, said: str) -> None:
        self._said = said
        self._replies: list[str] = []
        self._evaluations: list[Evaluation] = []
        self._log: list[str] = []
        self._list: list[Tried] = []
        self._depth = 0
        self._stack: list[_Open] = []
        self._asked: Lookup | None = None
        self._seen_lists: dict[str, int] = defaultdict(int)

    def _end(self) -> None:
        if self._said or self._replies:
            self._commands.append(Command(self._said, tuple(self._replies), tuple(self._evaluations), tuple(self._log)))

    def done(self) -> Session:
        self._end()
        return Session(self._service, self._name, self._address, tuple(self._commands), dict(self.classes))

    def take(self, text: str, line: str) -> None:
        if said := _SAID.fullmatch(text):
            self._name, self._address = said["name"], said["address"]
            self._end()
            self._begin(said["text"])
        elif replied := _REPLIED.fullmatch(text):
            if replied["more"] != "-":
                self._replies.append(f"{replied['code']} {replied['text']}".rstrip())
        elif _START_LIST.fullmatch(text):
            self._depth += 1
        elif ended := _END_LIST.fullmatch(text):
            self._close_list(ended["list"])
        elif trying := _TRYING.fullmatch(text):
            self._try(trying["name"], trying["status"])
        elif self._stack and (lookup := self._lookup(text)):
            self._stack[-1].lookups.append(lookup)
        elif resolved := _RESOLVED.fullmatch(text):
            self.classes[resolved["address"]] = resolved["class"]
        elif _KEPT.match(text):
            self._log.append(line)

    def _close_list(self, name: str) -> None:
        """End a list; that of a class ends inside another one."""
        self._depth -= 1
        if self._depth > 0:
            return
        while self._stack:
            self._close(self._stack.pop(), 0)
        if name == _RECIPIENT:
            parameter = _RECIPIENT_LISTS[min(self._seen_lists[name], 1)]
            self._seen_lists[name] += 1
        else:
            parameter = _LISTS.get(name, name)
        self._evaluations.append(Evaluation(parameter, tuple(self._list)))
        self._list, self._depth = [], 0

    def _try(self, name: str, status: str | None) -> None:
        if status is None:
            self._stack.append(_Open(name))
            self._asked = None
        elif self._stack and self._stack[-1].name == name:
            self._close(self._stack.pop(), int(status))

    def _close(self, one: _Open, status: int) -> None:
        if self._asked and status:
            one.lookups.append(self._asked)
        self._asked = None
        tried = Tried(one.name, status, tuple(one.lookups), tuple(one.inner))
        (self._stack[-1].inner if self._stack else self._list).append(tried)

    def _lookup(self, text: str) -> Lookup | None:
        if found := _NOT_FOUND.fullmatch(text):
            return Lookup(found["table"], found["key"], None)
        if found := _FOUND.fullmatch(text):
            return Lookup(found["held"], found["key"], found["result"])
        if found := _MATCHED.fullmatch(text):
            self._asked = Lookup(_FLAGS.sub("", found["pattern"]), found["key"], f"a member of {found['list']}")
            return None
        if (unmatched := _NO_MATCH.fullmatch(text)) and self._asked and unmatched["key"] == self._asked.key:
            self._asked = None
        if (found := _REMEMBERED.fullmatch(text)) and _DNS_LIST.search(self._stack[-1].name):
            self._asked = Lookup("dns", f"{found['name']} A", "?")  # the process knows the answer and asks no more
            return None
        if found := _DNS.fullmatch(text):
            return Lookup("dns", f"{found['name']} {found['type']}", None if "not found" in found["result"] else "?")
        return None
