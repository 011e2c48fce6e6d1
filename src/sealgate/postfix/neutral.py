"""A configuration directory with nothing of any candidate in it.

Programs that only build or read tables run with this one. So a candidate's main.cf cannot act while its tables are
made (`meta_directory` alone would make postmap load a library of its choice as root, postfix.md fact 9), and the
sizes are ours: with a large `lmdb_map_size` postmap builds in one pass, without starting over each time the map
grows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.postfix.command import Programs
from sealgate.postfix.files import HOT_SECONDS, Files

if TYPE_CHECKING:
    from pathlib import Path

LMDB_MAP_SIZE = 1 << 36
"""Bytes of address space, not of disk: the file grows as it is filled."""

_MAIN_CF = f"""\
compatibility_level = 3.6
inet_interfaces = 127.0.0.1
myhostname = neutral.invalid
alias_maps =
default_database_type = lmdb
lmdb_map_size = {LMDB_MAP_SIZE}
berkeley_db_create_buffer_size = 67108864
"""


def neutral_programs(directory: Path, files: Files | None = None) -> Programs:
    """Write the neutral configuration into `directory` (made if missing) and return programs that use it."""
    writer = files or Files(durable=False)
    writer.make_directory(directory)
    for name, content in (("main.cf", _MAIN_CF), ("master.cf", "")):
        path = directory / name
        if not path.is_file() or path.read_text() != content:
            writer.write(path, content, age=HOT_SECONDS)
    return Programs(directory)
