"""Code run where namespaces are forbidden: for real, by the kernel.

    answer = where_forbidden("answer = 1 + 1")

The code is a program of its own; what it leaves in `answer` comes back as JSON. `Way.CAPABILITY` takes CAP_SYS_ADMIN
from it, as containers do; `Way.LIMIT` puts it into a user namespace that may have no further network namespace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LIMIT = """
import ctypes, os, sys
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None, use_errno=True).unshare(0x10000000) == 0, "no user namespaces"
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    open("/proc/sys/user/max_net_namespaces", "w").write("0")
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
os.read(ready[0], 1)
for name in ("uid_map", "gid_map"):
    open(f"/proc/{child}/{name}", "w").write("0 0 65536")
os.write(go[1], b"x")
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
"""


class Way(StrEnum):
    """How namespaces are forbidden."""

    CAPABILITY = "capability"
    LIMIT = "limit"


def command(code: str, way: Way = Way.CAPABILITY) -> list[str]:
    """Return the command that runs code where namespaces are forbidden."""
    if way is Way.LIMIT:
        return [sys.executable, "-c", _LIMIT, "-c", code]
    return ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-c", code]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


def where_forbidden(code: str, way: Way = Way.CAPABILITY) -> Any:
    """Run code and return what it left in `answer`."""
    whole = f"{code}\nimport json as _json\nprint(_json.dumps(answer))\n"
    done = subprocess.run(command(whole, way), env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
