"""Forms: what the description of a row or a setting becomes in a browser, and back.

A `Field` knows its title, help, value and what is wrong with it; one macro draws all of them. What a browser sends is
text; it becomes what the model's parsers take, and the parsers decide. A secret is never sent to the browser: its field
is empty, and left empty means unchanged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.mta import SETTINGS
from sealgate.model.objects import Kind
from sealgate.model.units import show_duration, show_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgate.model.errors import Problem
    from sealgate.model.findings import Finding
    from sealgate.model.mta import Setting
    from sealgate.model.objects import Column, Noun
    from sealgate.services.settings import ShownSetting
    from sealgate.web.visit import Visit

_SIZES = frozenset({"before-filter-size-limit", "after-filter-size-limit"})
_HOPS = frozenset({"external-relay-host", "internal-relay-host"})
_TIMES = frozenset(
    {
        "verify-positive-expire", "verify-positive-refresh", "verify-negative-expire", "verify-negative-refresh",
        "delay-warning", "queue-lifetime", "bounce-queue-lifetime",
    }
)  # fmt: skip
# Not in the form of a row: a rule's number is given, what a text is stored as follows from the text.
_HIDDEN = {"lookup-table": frozenset({"content", "lines", "size"})}
_LONG = {"policy-test": frozenset({"headers", "message"})}
_KEYS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
"""A private key, which is shown to nobody again, in whatever field it was pasted."""
_PORT = ".port"
_MX = ".mx"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `control` is the macro's word for what is drawn; `value` is text, or a flag's state.

    `unset` says what an empty field means; `fixed` is what is shown instead of a control to who may not change it.
    """

    name: str
    title: str
    help: str
    control: str
    value: Any = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    problems: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    suggestions: tuple[str, ...] = ()
    stored: bool = False
    was: str = ""
    port: str = ""
    mx: bool = False
    unset: str = ""
    fixed: str | None = None

    def fixed_to(self, words: str) -> Field:
        """Return the field as somebody sees it who may only look."""
        return replace(self, fixed=words)

    @property
    def id(self) -> str:
        """The id of its element."""
        return f"f-{self.name}"


def columns_in_form(kind: Noun[Any]) -> list[Column]:
    """Return the columns that a form asks for."""
    hidden = _HIDDEN.get(kind.name, frozenset())
    number = kind.numbered
    return [c for c in kind.columns if c.name not in hidden and not (number and c.name == "name" and not c.argument)]


def row_fields(
    kind: Noun[Any],
    values: Mapping[str, Any],
    problems: Sequence[Problem] = (),
    findings: Iterable[Finding] = (),
    *,
    exists: bool = False,
    suggestions: Mapping[str, tuple[str, ...]] | None = None,
) -> list[Field]:
    """Return the fields of a row's form with these values, and what is wrong with them."""
    found = tuple(findings)
    made = []
    for column in columns_in_form(kind):
        wrong = _said(problems, column.name)
        if column.name in {"confirm", "raw"} and not (wrong or values.get(column.name)):
            continue
        made.append(
            Field(
                column.name,
                column.title,
                column.help,
                "long-text" if column.name in _LONG.get(kind.name, ()) else _control(column),
                as_typed(column, values.get(column.name, column.default)),
                _choices(column),
                required=column.required and not (exists and column.kind is Kind.SECRET),
                problems=wrong,
                findings=tuple(f for f in found if f.place.field == column.name),
                suggestions=(suggestions or {}).get(column.name, ()),
                stored=exists and column.kind is Kind.SECRET,
            )
        )
    return made


def row_given(visit: Visit, kind: Noun[Any], *, exists: bool = False) -> dict[str, Any]:
    """Return the fields of a row as a form sent them."""
    given: dict[str, Any] = {}
    for column in columns_in_form(kind):
        if column.kind is Kind.FLAG:
            given[column.name] = column.name in visit.form
        elif column.name in visit.form:
            text = visit.given(column.name)
            if column.kind is Kind.SECRET and exists and not text:
                continue
            given[column.name] = None if column.kind in {Kind.NUMBER, Kind.DATE} and not text.strip() else text
    if kind.name == "lookup-table" and "text" in visit.form:
        given["content"] = visit.given("text")
    return given


def loose(problems: Sequence[Problem], fields: Iterable[Field]) -> list[str]:
    """Return the problems that no field of the form shows."""
    names = {field.name for field in fields} | {"comment"}
    return [str(problem) for problem in problems if problem.field not in names]


def setting_field(
    shown: ShownSetting,
    given: Visit | None = None,
    problems: Sequence[Problem] = (),
    findings: Iterable[Finding] = (),
) -> Field:
    """Return the field of a setting: as the draft has it, or as somebody has just sent it."""
    setting = SETTINGS[shown.name]
    control = _control_of_setting(setting)
    value = setting_text(setting, shown.value)
    port, mx = "", False
    if control == "hop":
        hop = shown.value or {}
        value, port, mx = hop.get("host", ""), str(hop.get("port", "")), bool(hop.get("mx"))
    if given is not None:
        value = shown.name in given.form if control == "flag" else _KEYS.sub("", given.given(shown.name))
        port, mx = given.given(f"{shown.name}{_PORT}"), f"{shown.name}{_MX}" in given.form
    return Field(
        shown.name,
        shown.title,
        shown.help,
        control,
        value,
        setting.choices,
        problems=_said(problems, shown.name),
        findings=tuple(findings),
        stored=control == "secret" and bool(shown.value),
        was=_was(setting, shown),
        port=port,
        mx=mx,
        unset="" if setting_text(setting, setting.default) else setting.show(setting.default),
    )


def setting_given(visit: Visit, name: str) -> Any:
    """Return a setting's value as a form sent it."""
    setting = SETTINGS[name]
    control = _control_of_setting(setting)
    if control == "flag":
        return name in visit.form
    text = visit.given(name)
    if control == "hop" and text.strip():
        return {"host": text, "port": visit.given(f"{name}{_PORT}") or None, "mx": f"{name}{_MX}" in visit.form}
    return text


def parts_of_hop(name: str) -> tuple[str, ...]:
    """Return the names that a form has for the parts of a setting, if it is a next hop."""
    return (f"{name}{_PORT}", f"{name}{_MX}") if name in _HOPS else ()


def setting_sent(shown: ShownSetting) -> dict[str, str]:
    """Return what a form sends about a setting that nobody touches, by name."""
    made = setting_field(shown)
    if made.control == "flag":
        return {shown.name: "yes" if made.value else ""}
    parts = (made.port, "yes" if made.mx else "")
    return {shown.name: str(made.value)} | dict(zip(parts_of_hop(shown.name), parts, strict=False))


def setting_text(setting: Setting[Any], value: Any) -> Any:
    """Return a canonical value as it would be typed."""
    if setting.kind is Kind.FLAG:
        return bool(value)
    if setting.kind is Kind.SECRET or value is None:
        return ""
    if setting.name in _SIZES:
        return show_size(value)
    if setting.name in _TIMES:
        return show_duration(value)
    return ", ".join(map(str, setting.parse(value))) if setting.kind is Kind.LIST else str(value)


def _was(setting: Setting[Any], shown: ShownSetting) -> str:
    """Return what is live, in words, where the draft differs."""
    if not shown.pending:
        return ""
    if setting.kind is Kind.SECRET:
        return "stored" if shown.live else "not set"
    try:
        return setting.show(setting.parse(shown.live))
    except InvalidValue:
        return str(shown.live)


def _control_of_setting(setting: Setting[Any]) -> str:
    if setting.name in _HOPS:
        return "hop"
    return {
        Kind.FLAG: "flag",
        Kind.CHOICE: "choice",
        Kind.SECRET: "secret-text",
        Kind.LONG_TEXT: "long-text",
    }.get(setting.kind, "text")


def _control(column: Column) -> str:
    return {
        Kind.FLAG: "flag",
        Kind.CHOICE: "choice",
        Kind.SECRET: "secret",
        Kind.LIST: "list",
        Kind.NUMBER: "number",
        Kind.DATE: "date",
        Kind.LONG_TEXT: "long-text",
    }.get(column.kind, "text")


def _choices(column: Column) -> tuple[str, ...]:
    """Return what can be chosen: nothing as well, where nothing is what stands there by default."""
    nothing = column.choices and not column.required and column.default in {"", None}
    return ("", *column.choices) if nothing else column.choices


def as_typed(column: Column, value: Any) -> Any:
    """Return a value of a row as its field in a form has it."""
    if column.kind is Kind.FLAG:
        return bool(value)
    if column.kind is Kind.SECRET or value is None:
        return ""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return str(value)


def _said(problems: Sequence[Problem], name: str) -> tuple[str, ...]:
    return tuple(f"{p.what} {p.remedy}".strip() for p in problems if p.field == name)
