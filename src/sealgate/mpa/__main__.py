"""`python -m sealgate.mpa`: run the mail processing agent in the foreground, its own log on standard error."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from sealgate.mpa.service import ServiceSettings, run


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run the service; return its exit status."""
    defaults = ServiceSettings(Path(), Path())
    parser = argparse.ArgumentParser(prog="python -m sealgate.mpa", description="Run the mail processing agent.")
    parser.add_argument("--policy", type=Path, required=True, help="the policy file of the release in force")
    parser.add_argument("--events", type=Path, required=True, help="the event log, appended to")
    parser.add_argument("--listen", default="", metavar="HOST:PORT", help="instead of the policy's")
    parser.add_argument("--reinject", default="", metavar="HOST:PORT", help="instead of the policy's")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes; default one for each core")
    parser.add_argument("--user", default=defaults.user, metavar="NAME", help="whom to become when started as root")
    parser.add_argument("--bytes-in-flight", type=int, default=defaults.bytes_in_flight, metavar="N")
    parser.add_argument("--drain-seconds", type=float, default=defaults.drain_seconds, metavar="N")
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="sealgate-mpa[%(process)d]: %(levelname)s: %(message)s"
    )
    return run(ServiceSettings(**vars(parser.parse_args(arguments))))


if __name__ == "__main__":
    sys.exit(main())
