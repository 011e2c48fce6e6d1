"""Dataclasses to JSON and back, strictly: the one place where data from the other side becomes a typed value.

`from_json(cls, data)` gives a value of exactly the declared type or raises `InvalidValue` that names the field; unknown
fields are refused, missing ones take the dataclass's default. A string is never taken for a number nor a number for a
flag. `to_json` is its inverse. Nothing is called or imported that the data names.

Types that work: str, int, float, bool, None, bytes (base64), paths, dates, IP addresses, string enumerations, nested
dataclasses, `tuple[T, ...]`, `tuple[A, B]`, `list`, `frozenset`, `Mapping[str, T]`/`dict[str, T]`, `T | None`, `Any`.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import ipaddress
import types
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from sealgate.model.errors import InvalidValue

T = TypeVar("T")
_TEXT_FORMS: dict[Any, Any] = {
    Path: Path,
    dt.date: dt.date.fromisoformat,
    ipaddress.IPv4Address: ipaddress.IPv4Address,
    ipaddress.IPv6Address: ipaddress.IPv6Address,
    ipaddress.IPv4Network: ipaddress.IPv4Network,
    ipaddress.IPv6Network: ipaddress.IPv6Network,
}


def to_json(value: Any) -> Any:  # noqa: PLR0911 - one line for each kind of value
    """Return `value` as plain JSON values."""
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(to_json(item) for item in value)
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, PurePath | str) or type(value) in _TEXT_FORMS:
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(cls: type[T], data: Any, place: str = "") -> T:
    """Make a value of type `cls` from JSON values; InvalidValue names the place that does not fit."""
    found: T = _read(cls, data, place)
    return found


def _refusal(place: str, wanted: str, data: Any) -> InvalidValue:
    return InvalidValue.of(f"Here should be {wanted}, not {type(data).__name__}.", "", place or "message")


def _read(hint: Any, data: Any, place: str) -> Any:
    if hint is Any:
        return data
    origin = get_origin(hint)
    if origin is not None:
        return _read_generic(origin, get_args(hint), data, place)
    if dataclasses.is_dataclass(hint):
        return _read_dataclass(hint, data, place)
    return _read_plain(hint, data, place)


def _read_plain(hint: Any, data: Any, place: str) -> Any:
    if hint is None or hint is type(None):
        if data is None:
            return None
    elif hint is float:
        if isinstance(data, int | float) and not isinstance(data, bool):
            return float(data)
    elif hint in {str, int, bool}:
        if type(data) is hint:
            return data
    elif isinstance(data, str):
        return _read_text(hint, data, place)
    raise _refusal(place, getattr(hint, "__name__", str(hint)), data)


def _read_text(hint: Any, text: str, place: str) -> Any:
    try:
        if hint is bytes:
            return base64.b64decode(text.encode("ascii"), validate=True)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return hint(text)
        return _TEXT_FORMS[hint](text)
    except (KeyError, ValueError, binascii.Error):
        name = getattr(hint, "__name__", str(hint))
        raise InvalidValue.of(f"Here should be a {name}.", "", place or "message") from None


def _read_generic(origin: Any, arguments: tuple[Any, ...], data: Any, place: str) -> Any:
    if origin in {Union, types.UnionType}:
        return _read_union(arguments, data, place)
    if origin in {dict, Mapping}:
        if not isinstance(data, dict):
            raise _refusal(place, "an object", data)
        return {key: _read(arguments[1], item, f"{place}.{key[:40]}") for key, item in data.items()}
    if not isinstance(data, list):
        raise _refusal(place, "a list", data)
    if origin is tuple and arguments[-1] is not Ellipsis:
        if len(data) != len(arguments):
            raise InvalidValue.of(f"Here should be {len(arguments)} entries, not {len(data)}.", "", place or "message")
        return tuple(
            _read(hint, item, f"{place}[{i}]") for i, (hint, item) in enumerate(zip(arguments, data, strict=True))
        )
    return origin(_read(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(data))


def _read_union(arguments: tuple[Any, ...], data: Any, place: str) -> Any:
    if data is None and type(None) in arguments:
        return None
    candidates = [hint for hint in arguments if hint is not type(None)]
    refused: InvalidValue | None = None
    for hint in candidates:
        try:
            return _read(hint, data, place)
        except InvalidValue as error:
            refused = error
    raise refused or _refusal(place, "nothing", data)


@lru_cache(maxsize=256)
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _read_dataclass(cls: Any, data: Any, place: str) -> Any:
    if not isinstance(data, dict):
        raise _refusal(place, "an object", data)
    hints, fields = _hints(cls), {field.name: field for field in dataclasses.fields(cls) if field.init}
    if unknown := sorted(set(data) - set(fields)):
        raise InvalidValue.of(f"There is no field {unknown[0][:40]!r} in {cls.__name__}.", "", place or "message")
    values = {name: _read(hints[name], item, f"{place}.{name}" if place else name) for name, item in data.items()}
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise InvalidValue.of(f"The field {name!r} of {cls.__name__} is missing.", "", place or "message")
    return cls(**values)
