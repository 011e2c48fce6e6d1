"""Sealgate's own log: one JSON object a line in `log/sealgate.log`, and plain lines on a terminal.

A program calls `open_log` once at its start; modules take a logger from `logger` and say what happened in an event
name with fields. Lines of the standard library's logging (database, Alembic) take the same way. One line is one
write to a file opened for appending, so several processes may share the file.

No secret reaches the log: whatever stands under a key that names one (`password`, `passphrase`, `token` …) at any
depth, the password in a URL, every text of the shape of a session, API token, link or ticket (`sgs_…`), the secret in
an otpauth link, stored passwords, and every text that is registered with `hide` are written as `(hidden)`, in messages
and tracebacks too. Values of unknown types are written as the name of the type, never by their own `str`.
"""

from __future__ import annotations

import dataclasses
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

HIDDEN = "(hidden)"

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|pass(word|wd|phrase)|secret|credential|token|cookie|authorization"
    r"|private[-_ ]?key|group[-_ ]?key|api[-_ ]?key|^auth$|^pin$|^otp$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(?<=://)([^\s/@:]*):[^\s/]*@")
_BEARER = re.compile(
    r"sg[a-z]_[A-Za-z0-9_-]{43}|\$argon2[a-z]+\$[A-Za-z0-9$=,+/-]+|(?<=[?&])(secret|code|state|nonce|code_verifier)=[^&\s\"']+"
)
_PLAIN = (str, int, float, bool, type(None))
_SHOWN_BY_STR = (PurePath, date, timedelta, IPv4Address, IPv6Address, IPv4Network, IPv6Network)
_MAX_DEPTH = 12

_hidden: dict[str, int] = {}


def logger(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines carry `name` as their part."""
    return structlog.get_logger(part=name)  # type: ignore[no-any-return]


@contextmanager
def hide(*texts: str) -> Iterator[None]:
    """Keep these texts out of every line written meanwhile, wherever they would stand."""
    known = [text for text in texts if text]
    for text in known:
        _hidden[text] = _hidden.get(text, 0) + 1
    try:
        yield
    finally:
        for text in known:
            _hidden[text] -= 1
            if not _hidden[text]:
                del _hidden[text]


def open_log(file: Path | None = None, *, terminal: bool = False, level: int = logging.INFO) -> None:
    """Start writing to `file` (JSON lines) and, if asked for, to standard error (plain lines).

    Raises OSError when the file cannot be opened. May be called again: the former targets are left.
    """
    targets: list[logging.Handler] = []
    if file is not None:
        targets.append(_target(logging.FileHandler(file, encoding="utf-8"), structlog.processors.JSONRenderer()))
    if terminal:
        targets.append(_target(logging.StreamHandler(sys.stderr), _plain_line))
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
        with suppress(OSError):
            former.close()
    for target in targets or [logging.NullHandler()]:
        root.addHandler(target)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a full disk must not stop mail, nor fill the terminal
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )


def _common() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]


def _target(handler: logging.Handler, renderer: Processor) -> logging.Handler:
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                *_common(),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    return handler


def redact(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secrets in one event, at every depth (a processor of structlog)."""
    return {_without_secrets(str(key)): _harmless(key, value, 0) for key, value in event.items()}


def _harmless(key: object, value: object, depth: int) -> object:
    if isinstance(key, str) and _SECRET_KEY.search(key) and not isinstance(value, bool | type(None)):
        return HIDDEN
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, _SHOWN_BY_STR):
        value = str(value)
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, _PLAIN):
        return value
    return _harmless_inside(value, depth)


def _harmless_inside(value: object, depth: int) -> object:
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, BaseException):
        return _without_secrets(f"{type(value).__name__}: {value}")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_without_secrets(str(key)): _harmless(key, inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | AbstractSet):
        return [_harmless(None, inner, depth + 1) for inner in value]
    return f"({type(value).__name__})"


def _without_secrets(text: str) -> str:
    for secret in tuple(_hidden):
        text = text.replace(secret, HIDDEN)
    return _BEARER.sub(HIDDEN, _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text))


def _plain_line(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> str:
    """Return one event as a line for people: level unless it is information, what happened, the fields."""
    fields = dict(event)
    level, text = str(fields.pop("level", "info")), str(fields.pop("event", ""))
    trace = fields.pop("exception", None)
    for hidden_here in ("timestamp", "part", "logger"):
        fields.pop(hidden_here, None)
    words = [] if level == "info" else [f"{level}:"]
    words += [text, *(f"{key}={value}" for key, value in fields.items())]
    return " ".join(words) + (f"\n{trace}" if trace else "")
