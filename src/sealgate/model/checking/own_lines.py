"""Own lines of main.cf and master.cf as a whole: form, unknown names, values, and what they override or bypass."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from sealgate.model.checking.overrides import FIELD_OF, field_finding
from sealgate.model.checking.own_values import kind_fault, value_faults
from sealgate.model.checking.restrictions import PROTECTS, RELAY_LIST
from sealgate.model.checking.routes import host_name
from sealgate.model.checking.tables import REPLACED, USE
from sealgate.model.deny_list import TEXTS
from sealgate.model.deny_paths import tables_in
from sealgate.model.findings import Finding, Place, error, note, warning
from sealgate.model.master_lines import parse_master
from sealgate.model.own_text import RAW, circles, expand, parse_main, references, words
from sealgate.model.parameters import deny_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState
    from sealgate.model.master_lines import OwnService
    from sealgate.model.own_text import Definition, Fault

DEFINED = frozenset({"maps_d_dir", "stress", "config_directory"})
"""Names that are defined besides those of Postfix and of own lines."""
_PER_SERVICE = re.compile(
    r"[A-Za-z0-9_.-]+?(_(?:destination|delivery|initial|recipient|extra|minimum|time)_[a-z_]+|_time_limit)"
)
_TABLE_PARAMETER = re.compile(r".*(?:_maps?|_checks|_database)")
_FILTER_PARAMETERS = frozenset({"content_filter"})


def check_own_lines(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about own lines, the deny-list's included."""
    yield from deny_list(desired.main_cf, desired.master_cf, context)
    definitions, faults = parse_main(desired.main_cf.text)
    services, service_faults = parse_master(desired.master_cf.text)
    for key, found in (("main-cf", faults), ("master-cf", service_faults)):
        yield from (_fault(key, fault) for fault in found)
    yield from _twice(definitions)
    names = _Names(definitions, services, context)
    own = {one.name: one.value for one in definitions}
    yield from _circles(definitions, own)
    yield from _without_relay_list(definitions, own)
    for one in definitions:
        place = Place("own-lines", "main-cf", one.name, one.line)
        yield from _definition(one.name, one.value, place, own, names)
        yield from _whole(one, place, desired, context)
    for service in services:
        yield from _service(service, own, names, desired)


def _fault(key: str, fault: Fault) -> Finding:
    return error(fault.code, Place("own-lines", key, line=fault.line), fault.what, "", fault.remedy)


def _twice(definitions: tuple[Definition, ...]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for one in definitions:
        if one.name in seen:
            yield error(
                "own-line-twice",
                Place("own-lines", "main-cf", one.name, one.line),
                f"{one.name} is already set in line {seen[one.name]}.",
                "Postfix would use only the last one, and warn at every start.",
                "Keep one of the two.",
            )
        seen[one.name] = one.line


def _circles(definitions: tuple[Definition, ...], own: dict[str, str]) -> Iterator[Finding]:
    round_about = frozenset(circles(own))
    for one in definitions:
        if one.name in round_about:
            yield error(
                "own-line-circle",
                Place("own-lines", "main-cf", one.name, one.line),
                f"The value of {one.name} refers to itself.",
                "Postfix stops on it.",
                "Write the value out.",
            )


def _without_relay_list(definitions: tuple[Definition, ...], own: dict[str, str]) -> Iterator[Finding]:
    """Say so when no list is left that refuses destinations which are not ours."""
    recipients = own.get("smtpd_recipient_restrictions")
    for one in definitions:
        unprotected = recipients is not None and not PROTECTS & set(words(recipients))
        if one.name == RELAY_LIST and not one.value and unprotected:
            yield error(
                "own-line-opens-relay",
                Place("own-lines", "main-cf", one.name, one.line),
                f"{one.name} is empty, and smtpd_recipient_restrictions refuses no destination either.",
                "The public could relay; Postfix refuses to work so.",
                "Remove the line.",
            )


class _Names:
    """Which parameter names mean something: Postfix's, those of services, and those that own lines use themselves."""

    def __init__(
        self, definitions: tuple[Definition, ...], services: tuple[OwnService, ...], context: CheckContext
    ) -> None:
        options = [option for service in services for option in service.options]
        values = [one.value for one in definitions] + [option.value for option in options]
        own = {one.name: one.value for one in definitions}
        self.context = context
        self.classes = frozenset(words(own.get("smtpd_restriction_classes", "")))
        legacy = {name for default in context.parameters.values() for name in references(default)}
        self.known = frozenset(context.parameters) | frozenset(legacy)
        self._used = frozenset(name for value in values for name in references(value)) | self.classes
        self._defined = (
            self.known | context.generated | DEFINED | frozenset(own) | frozenset(option.name for option in options)
        )
        stock = {key.partition("/")[0] for key in context.services}
        self._services = stock | {service.name for service in services}
        self._defaults = tuple(name.removeprefix("default") for name in self.known if name.startswith("default_"))

    def is_known(self, name: str) -> bool:
        """Tell whether setting the name has an effect."""
        return not self.known or name in self.known or name in self._used or self._is_per_service(name)

    def _is_per_service(self, name: str) -> bool:
        found = _PER_SERVICE.fullmatch(name)
        return bool(found) and any(
            name == f"{service}{end}" for end in (*self._defaults, "_time_limit") for service in self._services
        )

    def undefined_in(self, value: str) -> tuple[str, ...]:
        """Return the names that a value refers to and nobody defines."""
        return tuple(name for name in references(value) if name not in self._defined) if self.known else ()

    def close_to(self, name: str) -> str:
        """Return the name that was perhaps meant."""
        return next(iter(difflib.get_close_matches(name, self.known, 1)), "")


def _definition(name: str, value: str, place: Place, own: dict[str, str], names: _Names) -> Iterator[Finding]:
    if not names.is_known(name):
        close = names.close_to(name)
        yield error(
            "own-line-unknown-parameter",
            place,
            f"{name} is no parameter of the installed Postfix, and nothing refers to it.",
            "Postfix would ignore it.",
            f"Did you mean {close}?" if close else "Remove the line.",
        )
    for undefined in names.undefined_in(value) if name not in RAW else ():
        yield error(
            "own-line-undefined",
            place,
            f"{name} refers to ${undefined}, which is not defined.",
            "Postfix puts nothing in its place.",
            "Define it, or write $$ for a dollar sign.",
        )
    if re.search(r"\s#", value) and name not in TEXTS:
        yield error(
            "own-line-comment",
            place,
            f"The value of {name} has a # in it, which begins no comment there.",
            "Postfix takes it and what follows as part of the value.",
            "Put the comment on a line of its own.",
        )
    meant = expand(value, own) or ""
    yield from (error(code, place, what, "", remedy) for code, what, remedy in value_faults(name, meant, names.classes))
    if name in names.context.parameters:
        faults = kind_fault(name, meant, names.context.parameters[name])
        yield from (error(code, place, what, _WHY_KIND, remedy) for code, what, remedy in faults)
    yield from _map_types(name, value, meant, place, names.context)


_WHY_KIND = "The program that reads it would stop when mail comes."


def _map_types(name: str, value: str, meant: str, place: Place, context: CheckContext) -> Iterator[Finding]:
    named = {use[1] for use in USE.finditer(value)}
    kinds = {kind for kind, _ in tables_in(meant)}
    if _TABLE_PARAMETER.fullmatch(name):
        kinds |= {kind for word in words(meant) if (kind := word.partition(":")[0]) != word and "$" not in kind}
    for kind in sorted(kinds - {"unix"}):  # a socket, or a table that every Postfix has
        if not context.map_types or kind in context.map_types or (kind in named and kind in REPLACED):
            continue
        yield error(
            "own-line-map-type",
            place,
            f"{name} names a table of type {kind}, which the installed Postfix has not.",
            "Whatever needs it would be answered with 451.",
            "Use lmdb." if kind in {"hash", "btree", "cdb", "dbm", "sdbm"} else "Install the package for this type.",
        )


def _whole(one: Definition, place: Place, desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give what a line of main.cf does to the rest of the state."""
    if one.name in FIELD_OF:
        yield field_finding(one, desired)
    if one.name in _FILTER_PARAMETERS and one.value.partition(":")[0] not in _inner(context):
        yield _bypass(place, f"{one.name} = {one.value}".strip())
    if one.name == "myhostname" and (row := desired.rows.row("relay-domain", one.value.lower())) and row.enabled:
        yield error(
            "hostname-is-relay-domain",
            place,
            f"{one.value} is also a relay domain.",
            "Postfix takes mail for its own name as local.",
            "Give the gateway a name of its own.",
        )
    if one.name == "mydestination":
        yield from _destinations(one, place, desired, context)
    if one.name in {"mailbox_size_limit", "virtual_mailbox_limit"} and one.value.isdigit():
        limit = desired.settings.effective_after_filter_size_limit
        if 0 < int(one.value) < limit:
            yield error(
                "own-line-mailbox-limit",
                place,
                f"{one.name} is below the after filter limit of {limit} bytes.",
                "Postfix's local delivery refuses to start then.",
                "Write 0.",
            )
    if one.name == "message_size_limit" and one.value.isdigit():
        before = desired.settings.before_filter_size_limit
        if int(one.value) < before:
            yield error(
                "after-limit-below-before",
                place,
                f"message_size_limit is below the before filter limit of {before} bytes.",
                "Mail that was accepted would bounce when it comes back from the mail processing agent.",
                "Remove the line, and set the limits on the page.",
            )


def _destinations(one: Definition, place: Place, desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    name = host_name(desired, context)
    for word in words(one.value):
        row = desired.rows.row("relay-domain", word.lower())
        if row is not None and row.enabled and word != str(name):
            yield error(
                "own-line-local-relay-domain",
                place,
                f"mydestination holds the relay domain {word}.",
                "Postfix takes its mail as local, so nothing reaches its mail server.",
                "Remove it here.",
            )


def _inner(context: CheckContext) -> frozenset[str]:
    return frozenset(key.partition("/")[0] for key in context.inner_services if key.endswith("/unix"))


def _bypass(place: Place, what: str, *, loopback: bool = False) -> Finding:
    make = warning if loopback else error
    return make(
        "own-line-bypasses-mpa",
        place,
        f"With {what} mail goes around the mail processing agent.",
        "It would be neither encrypted nor signed nor checked.",
        "Remove it; the generated value leads through the agent.",
    )


def _own_limit(limit: int, place: Place, desired: DesiredState) -> Iterator[Finding]:
    after = desired.settings.effective_after_filter_size_limit
    if limit > after:
        yield error(
            "after-limit-below-before",
            place,
            f"This listener accepts {limit} bytes, more than the after filter limit of {after}.",
            "Mail that was accepted would bounce when it comes back from the mail processing agent.",
            "Remove the option, and set the limits on the page.",
        )


def _service(service: OwnService, own: dict[str, str], names: _Names, desired: DesiredState) -> Iterator[Finding]:
    context = names.context
    options = {option.name: option.value for option in service.options}
    for option in service.options:
        place = Place("own-lines", "master-cf", f"{service.key}/{option.name}", option.line)
        yield from _definition(option.name, option.value, place, own | options, names)
        if option.name in _FILTER_PARAMETERS and option.value.partition(":")[0] not in _inner(context):
            local = service.host in {"127.0.0.1", "::1", "localhost"}
            yield _bypass(place, f"-o {option.name}={option.value}", loopback=local)
        if option.name == "message_size_limit" and option.value.isdigit():
            yield from _own_limit(int(option.value), place, desired)
    place = Place("own-lines", "master-cf", service.key, service.line)
    if service.key in context.services:
        yield note(
            "own-service-overrides",
            place,
            f"Your entry takes the place of Sealgate's {service.name} {service.type}.",
            "Options that it does not name are kept.",
        )
    elif service.type == "inet" and (other := _same_port(service, context)):
        yield error(
            "own-service-port",
            place,
            f"{service.name} listens on the port of {other}.",
            "Two services cannot, and Postfix would stop when it is reloaded.",
            "Choose another port, or write the entry with exactly the same name.",
        )


def _same_port(service: OwnService, context: CheckContext) -> str:
    for key in context.services - context.inner_services:
        name, _, kind = key.rpartition("/")
        host, _, port = name.rpartition(":")
        host = host.strip("[]")
        if kind == "inet" and port == service.port and "" in {host, service.host}:
            return name
    return ""
