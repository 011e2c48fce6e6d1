"""Which files and tables own lines may name: the second half of the deny-list.

A value is read the way Postfix could read it, generously: after own `$names` are filled in, every `/…` at the beginning
of a word, after a colon or a brace counts as a file, and every `type:` as a table. A file must lie in the configuration
directory, in /etc/ssl, be /etc/aliases, or stand on root's list; caches may lie in `$data_directory`. Sockets
(`unix:/…`) are not files. Patterns of inline pcre and regexp tables are not paths.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.context import STOCK_MAP_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.context import CheckContext

ALIASES = "/etc/aliases"
ALWAYS = ("/etc/ssl/", ALIASES, "/dev/urandom")
CACHE_TYPES = frozenset({"btree", "hash", "lmdb"})
FILE_TYPES = frozenset(
    {"btree", "cdb", "cidr", "dbm", "hash", "ldap", "lmdb", "memcache", "mysql", "pcre", "pgsql", "regexp", "sdbm",
     "sqlite", "texthash"}
)  # fmt: skip
NEVER_TYPES = frozenset({"environ", "nis", "nisplus", "netinfo"})
REMOTE_TYPES = frozenset({"socketmap", "tcp"})
_INLINE_PATTERNS = re.compile(r"\b(?:pcre|regexp):\s*\{")
_PATH = re.compile(r"(?:^|(?<=[\s,:={?(!\"|;})]))/[^\s,{}()\"]*")
_TABLE = re.compile(r"(?:^|(?<=[\s,:={?(!\"|;}]))([a-z][a-z0-9]*):(?=([^\s,{}()\"]*))")
_BELOW = re.compile(r"\$[{(]?([A-Za-z0-9_]+)[})]?(/[^\s,{}()\"]*)")
_REFERENCE_BEFORE = re.compile(r"\$[{(][A-Za-z0-9_]+[})]\Z")
_UPWARDS = re.compile(r"/\.\.|\.\./")
_FILE_PARAMETER = re.compile(r".*(?:_file|_files|_CAfile|_CApath|_path)")
_NAMES_OF_SOCKETS = frozenset({"smtpd_sasl_path", "smtp_sasl_path", "lmtp_sasl_path"})


def without_inline_patterns(value: str) -> str:
    """Return a value with the contents of inline pcre and regexp tables taken out."""
    while found := _INLINE_PATTERNS.search(value):
        depth, end = 1, found.end()
        while end < len(value) and depth:
            depth += {"{": 1, "}": -1}.get(value[end], 0)
            end += 1
        value = value[: found.start()] + " " + value[end:]
    return value


def refused_paths(name: str, value: str, context: CheckContext) -> Iterator[str]:
    """Give the files in an expanded value that own lines may not name."""
    bare = without_inline_patterns(value) if not _FILE_PARAMETER.fullmatch(name) else value
    for found in _PATH.finditer(bare):
        before = bare[max(0, found.start() - 200) : found.start()]
        below = _REFERENCE_BEFORE.search(before)
        if not before.endswith("unix:") and not below and not path_allowed(found[0], context):
            yield found[0]
    if _FILE_PARAMETER.fullmatch(name) and name not in _NAMES_OF_SOCKETS:
        for word in bare.replace(",", " ").split():
            if word[0] not in "/$" and ("/" in word or "." in word):
                yield word
    for found in _BELOW.finditer(bare):
        in_data = found[1] == "data_directory" and found[2].count("/") == 1
        if not in_data and not bare[: found.start()].endswith("unix:"):
            yield found[0]
    if up := _UPWARDS.search(bare):
        yield up[0]


def path_allowed(path: str, context: CheckContext) -> bool:
    """Tell whether own lines may name this absolute path."""
    parts = path.split("/")[1:]
    if not all(parts[:-1]) or any(part in {".", ".."} for part in parts):
        return False
    places = (*ALWAYS, f"{context.config_dir.rstrip('/')}/", *context.permits.files)
    return any(path == place or (place.endswith("/") and path.startswith(place)) for place in places)


def tables_in(value: str) -> Iterator[tuple[str, str]]:
    """Give every table `(type, name)` in an expanded value, those within others too; inline ones have the name `{`."""
    for found in _TABLE.finditer(without_inline_patterns(value) + " "):
        if found[1] in STOCK_MAP_TYPES | NEVER_TYPES:
            yield found[1], found[2] or ""
    for found in _INLINE_PATTERNS.finditer(value):
        yield found[0].partition(":")[0], "{"


def alias_tables_refused(value: str, context: CheckContext) -> Iterator[str]:
    """Give the alias tables that are neither /etc/aliases nor on root's list: their entries may read any file."""
    for kind, name in tables_in(value):
        if kind in FILE_TYPES and name != ALIASES and name not in context.permits.files:
            yield f"{kind}:{name}"
