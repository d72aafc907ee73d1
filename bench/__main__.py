"""`make bench`: run all benchmarks, or those that are named."""

import sys
from collections.abc import Callable

from bench import merging, orchestration, pool, reading, scheduling, segmenting, slide_tiles, viewer
from bench.report import Figure

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "reading": reading.run,
    "segmenting": segmenting.run,
    "merging": merging.run,
    "orchestration": orchestration.run,
    "scheduling": scheduling.run,
    "pool": pool.run,
    "viewer": viewer.run,
    "slide tiles": slide_tiles.run,
}


def main(names: list[str]) -> int:
    """Print the figures of each benchmark."""
    for name in names or list(BENCHMARKS):
        print(f"\n{name}")
        for figure in BENCHMARKS[name]():
            print(f"  {figure.what:<58} {figure.value:>10.2f} {figure.unit}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
