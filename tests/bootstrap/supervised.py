"""A supervisor over programs that a test describes: `python supervised.py RUN_DIRECTORY DESCRIPTION`.

DESCRIPTION is JSON: {"programs": [{"name", "shell", "stopped_within"}], "pace": {…}}. A program is ready when
the file `<name>.ready` in the run directory has its number. What the supervisor says goes to standard output.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from sealgate.bootstrap.running import Running
from sealgate.bootstrap.supervisor import Pace, Program, StopAskedFor, Supervisor
from sealgate.log import open_log
from sealgate.model.errors import SealgateError


def is_ready(run: Path, name: str) -> bool:
    running, ready = Running.noted(run / f"{name}.pid"), run / f"{name}.ready"
    return running is not None and ready.exists() and ready.read_text().strip() == str(running.pid)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(run: Path, description: dict[str, Any]) -> int:
    open_log(run / "sealgate.log")
    programs = [
        Program(
            name=program["name"],
            command=("/bin/sh", "-c", program["shell"]),
            ready=partial(is_ready, run, program["name"]),
            ready_within=program.get("ready_within", 30.0),
            stopped_within=program.get("stopped_within", 20.0),
            settled=partial(say, f"{program['name']} has settled") if "settled_after" in program else None,
            settled_after=program.get("settled_after", 0.0),
        )
        for program in description["programs"]
    ]

    supervisor = Supervisor(run, programs, say, Pace(**description.get("pace", {})))
    try:
        with supervisor.held():
            supervisor.start()
            say("everything runs")
            supervisor.watch()
    except StopAskedFor:
        say("stopped while starting")
    except SealgateError as fault:
        say(f"{type(fault).__name__}: {fault}")
        return 3
    say("everything stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
