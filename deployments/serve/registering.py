"""`python -m deployments.serve.registering`: what slideloom needs on the server, in a process.

In a process of its own, so that the supervisor needs neither Prefect nor its settings.
"""

import asyncio
import sys

from deployments.register import register
from slideloom.errors import SlideloomError


def main() -> int:
    """Register on the server that PREFECT_API_URL names; the exit code."""
    try:
        asyncio.run(register())
    except SlideloomError as error:
        print(f"slideloom: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
