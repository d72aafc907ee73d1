"""`slideloom sample`: fetch the demo slide into the user's cache."""

from deployments.cli.show import console


def sample() -> int:
    """Fetch a small real slide (Aperio SVS, CC0, 1.9 MB) and print its path."""
    from slideloom.sample import fetch_sample

    console.print(str(fetch_sample()))
    return 0
