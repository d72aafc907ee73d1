"""`python -m deployments.serve.first_tenant`: a tenant to try things out with, where there is none.

Prints the tenant and the key as JSON, or `null`: nobody is added to a server that has tenants.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime

from blocks import list_tenants
from blocks.keys import make_key
from deployments.register.tenants import add_tenant
from slideloom.errors import SlideloomError

DEMO = "demo"
_MODEL = "slideloom_nuclei_small"


async def first_tenant() -> dict[str, str] | None:
    """Make the tenant and a key, unless there is any tenant."""
    if await list_tenants():
        return None
    await add_tenant(DEMO, {"display_name": "Demo", "default_model": _MODEL})
    text, _ = await make_key(DEMO, "made by slideloom serve", datetime.now(UTC))
    return {"tenant": DEMO, "key": str(text)}


def main() -> int:
    """Make it; the exit code."""
    try:
        print(json.dumps(asyncio.run(first_tenant())))
    except SlideloomError as error:
        print(f"slideloom: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
