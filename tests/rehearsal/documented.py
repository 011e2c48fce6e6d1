"""The table of broken configurations in docs/rehearsal.md: what each stock check says of them, and what Sealgate does.

Made from what the programs answer, never by hand:

    PYTHONPATH=src python -m tests.rehearsal.documented
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cases.raw_configurations import FOUND, NEEDS_DELIVERY, NO_WORD_FROM_POSTFIX, Broken
from tests.support.gateway import gateway as temporary_gateway
from tests.support.raw import rehearsed_raw, write
from tests.support.release import facts
from tests.support.states import state

from sealgate.link.messages import Grade
from sealgate.model.checking import check
from sealgate.model.context import Permits
from sealgate.model.findings import errors_in
from sealgate.node.context import context
from sealgate.postfix.command import Programs
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.parameters import installed
from sealgate.rehearsal.judging import Judge

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from sealgate.model.findings import Finding

PAGE = Path(__file__).parents[2] / "docs/rehearsal.md"
BEGIN, END = "<!-- breaks -->\n", "<!-- end of breaks -->\n"
HEAD = "| break | `postfix check` | `postconf` | Sealgate |\n|---|---|---|---|\n"
_COMPLAINT = re.compile(r": (?:warning|error|fatal|panic): ")


def documented() -> dict[str, tuple[str, str, str]]:
    """Return the rows of the page: by name, the answers of `postfix check`, `postconf` and Sealgate."""
    table = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].removeprefix(HEAD)
    rows = (re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines())
    return {row[0].strip().replace("\\|", "|"): (row[1].strip(), row[2].strip(), row[3].strip()) for row in rows}


def stock_answers(gateway: Gateway) -> tuple[str, str]:
    """Return what `postfix check` and `postconf` say of the files as they are."""
    for directory in (gateway.queue, gateway.data, gateway.log.parent):
        directory.mkdir(exist_ok=True)
    os.chown(gateway.data, pwd.getpwnam("postfix").pw_uid, 0)
    done = _run("postfix", "-c", str(gateway.conf), "check")
    log = gateway.log.read_text() if gateway.log.exists() else ""
    said = bool(_COMPLAINT.search(log + done.stderr))
    checked = ("fails" if said else "fails, without a word") if done.returncode else ("warns" if said else "silent")
    views = [_run("postconf", "-c", str(gateway.conf), *view) for view in ((), ("-n",), ("-M",), ("-P",))]
    read = (
        "fails" if any(one.returncode for one in views) else "warns" if any(one.stderr for one in views) else "silent"
    )
    return checked, read


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def answer_of(broken: Broken, findings: tuple[Finding, ...], grade: Grade) -> str:
    """Return what the page says of a rehearsal's findings: the grade, and the code that names the break."""
    found = next(one for one in findings if broken.words in str(one))
    return f"{'probe' if grade is Grade.PROBE else 'full rehearsal'}: `{found.code}`"


def model_answer(broken: Broken) -> str:
    """Return the code with which the whole-state check refuses the break as own lines."""
    lines = "".join(f"{name} = {value}\n" for name, value in broken.main.items())
    desired = state({"my-hostname": "gw.example.test"}, {"relay-domain": ["relay.test"]}, main_cf=lines)
    with temporary_gateway() as gateway:
        programs = neutral_programs(gateway.top / "neutral")
        assert isinstance(programs, Programs)
        found = errors_in(check(desired, context(desired, facts(), installed(programs), Permits())))
    return f"before any file is written: `{found[0].code}`" if found else "silent"


def row(broken: Broken) -> str:
    """Return a row of the table."""
    with temporary_gateway() as gateway:
        write(gateway, broken)
        stock = stock_answers(gateway)
    if broken in NO_WORD_FROM_POSTFIX:
        ours = model_answer(broken)
    else:
        grade = Grade.FULL if broken in NEEDS_DELIVERY else Grade.PROBE
        with temporary_gateway() as gateway:
            write(gateway, broken)
            judge = Judge(gateway.paths, gateway.top / "neutral")
            ours = answer_of(broken, rehearsed_raw(judge, gateway, grade).findings, grade)
    return f"| {broken.name} | {stock[0]} | {stock[1]} | {ours} |\n"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    rows = "".join(row(broken) for broken in (*FOUND, *NEEDS_DELIVERY, *NO_WORD_FROM_POSTFIX))
    PAGE.write_text(f"{before}{BEGIN}{HEAD}{rows}{END}{rest.partition(END)[2]}", "utf-8")
