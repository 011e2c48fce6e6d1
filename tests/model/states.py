"""Desired states for tests, written as an administrator would: rows as fields, settings as JSON, own lines as text."""

from __future__ import annotations

import datetime as dt
import ipaddress
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.model.checking import CheckContext, check
from sealgate.model.desired import DesiredState, MemoryRows
from sealgate.model.forms import parse_text_line
from sealgate.model.mta import settings_from
from sealgate.model.names import HostName
from sealgate.model.nouns import NOUNS
from sealgate.model.parameters import OwnLines
from sealgate.model.tables import table_of

if TYPE_CHECKING:
    from sealgate.model.findings import Finding


def installed_parameters() -> dict[str, str]:
    """Return every parameter of the installed Postfix with its default."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "main.cf").touch()
        told = subprocess.run(["postconf", "-c", directory, "-d"], capture_output=True, text=True, check=True).stdout
    lines = (line.partition("=") for line in told.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


TODAY = dt.date(2030, 6, 15)
CONTEXT = CheckContext(
    TODAY,
    machine_fqdn=HostName("gw.example.org"),
    addresses=frozenset({ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1")}),
    smtp_port=2525,
    map_types=frozenset(
        {"cidr", "hash", "inline", "lmdb", "pcre", "proxy", "regexp", "static", "texthash", "unionmap"}
    ),
    parameters=installed_parameters(),
    generated=frozenset({"gw_before_filter_limit"}),
    services=frozenset({"smtp/unix", "relay/unix", "2525/inet", "mpa/unix", "127.0.0.1:10026/inet", "lmtp/unix"}),
    config_dir="/srv/gw/conf",
)
HEALTHY: dict[str, Any] = {
    "my-hostname": "gw.example.org",
    "internal-relay-host": "mail.inside.example",
    "default-forwarding": "admin@example.net",
    "tls-incoming": "none",
}


def state(
    rows: dict[str, list[str | dict[str, Any]]] | None = None,
    settings: dict[str, Any] | None = None,
    main: str = "",
    master: str = "",
    tables: dict[tuple[str, str], str] | None = None,
) -> DesiredState:
    """Make a state without findings of its own, plus what is given; a row is a line of text or its fields."""
    memory = MemoryRows()
    for noun, lines in ({"relay-domain": ["example.com"]} | (rows or {})).items():
        for number, line in enumerate(lines, 1):
            fields = parse_text_line(noun, line.removeprefix("off ")) if isinstance(line, str) else line
            if NOUNS[noun].numbered:
                fields["name"] = str(number)
            off = isinstance(line, str) and line.startswith("off ")
            memory.put(NOUNS[noun].row(fields, position=number, enabled=not off))
    for (kind, name), text in (tables or {}).items():
        table, chunks = table_of(name, kind, text)
        memory.content.update(chunks)
        memory.put(NOUNS["lookup-table"].row(NOUNS["lookup-table"].fields(table)))
    values = settings_from(HEALTHY | (settings or {}))
    return DesiredState(values, memory, OwnLines.parse({"text": main}), OwnLines.parse({"text": master}))


def findings(*args: Any, context: CheckContext = CONTEXT, **kwargs: Any) -> list[Finding]:
    """Return what the check says of such a state."""
    return check(state(*args, **kwargs), context)


def codes(*args: Any, context: CheckContext = CONTEXT, **kwargs: Any) -> list[str]:
    """Return only the codes, each once, in alphabetical order."""
    return sorted({finding.code for finding in findings(*args, context=context, **kwargs)})


def the(code: str, *args: Any, context: CheckContext = CONTEXT, **kwargs: Any) -> Finding:
    """Return the one finding with this code."""
    (found,) = [finding for finding in findings(*args, context=context, **kwargs) if finding.code == code]
    return found
