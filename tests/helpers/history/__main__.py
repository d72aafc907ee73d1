"""`python -m tests.helpers.history API_URL`: a report; exit code 1 where a promise was broken."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime

import httpx

from slideloom.errors import BadInput

from .checking import Rules, broken_promises
from .figures import figures
from .reading import read_history
from .report import report


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, check, report.

    Returns:
        0 where every promise was kept, 1 where one was broken, 2 where there is nothing to check.
    """
    asked = _parser().parse_args(arguments)
    rules = Rules(
        max_workers=asked.max_workers,
        max_users=asked.max_users,
        rotates=asked.rotation,
        final=asked.final,
        results=asked.results,
    )
    try:
        history = asyncio.run(read_history(asked.api_url, asked.since, live=not asked.final))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except httpx.TransportError as error:
        print(f"{asked.api_url} does not answer: {error}", file=sys.stderr)
        return 2
    broken = broken_promises(history, rules)
    print(report(figures(history, rules.max_workers, rules.max_users), broken, rules))
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.history", description=__doc__)
    parser.add_argument("api_url", metavar="API_URL", help="such as http://127.0.0.1:4200/api")
    parser.add_argument(
        "--since",
        type=_moment,
        metavar="ISO",
        help="leave out workflows of which everything ended before; local time if no zone is given",
    )
    parser.add_argument("--max-workers", type=int, default=5)
    parser.add_argument("--max-users", type=int, default=3)
    parser.add_argument("--rotation", action="store_true", help="a rotation bound is set")
    parser.add_argument("--final", action="store_true", help="everything must have ended")
    parser.add_argument(
        "--results", action="store_true", help="look into the results' folders on this machine"
    )
    return parser


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


if __name__ == "__main__":
    sys.exit(main())
