"""`slideloom register`: pools, blocks, limits, deployments and automation on the Prefect server."""

from deployments.cli.quiet import quieten
from deployments.cli.show import console


def register() -> int:
    """Make on the Prefect server what slideloom needs there; safe to repeat.

    What an operator has set on Prefect's pages stays. `slideloom serve` does this at every start.
    """
    quieten()
    from deployments.cli.server import address, ask
    from deployments.register import register as registered

    ask(lambda _: registered())
    console.print(f"registered at {address()}")
    return 0
