"""`slideloom models`: what can be asked for, and adding a published model to the store.

The store is this machine's, as a run without a server uses it: `SLIDELOOM_MODEL_STORE`, or its
default. A server's is the folder of the block `slideloom model store/default`; where that names
none, it is the same as here.
"""

import sys
from pathlib import Path

from cyclopts import App

from deployments.cli.show import console, print_table
from slideloom.errors import ModelUnavailable
from slideloom.models import ModelStore, Offer

models = App(
    name="models",
    help=(
        "Models: list them, add a published one to the store of this machine "
        "(SLIDELOOM_MODEL_STORE). A server whose block `slideloom model store/default` names a "
        "folder uses that one: set SLIDELOOM_MODEL_STORE to it to work on it."
    ),
)


@models.default
def list_models() -> int:
    """List the models: shipped, added, and published ones that can be added."""
    store = ModelStore()
    listing = store.list()
    known = [("shipped", record) for record in listing.shipped]
    known += [("added", record) for record in listing.added]
    rows = [
        [record.name, record.version, where, record.licence, record.sha256[:12]]
        for where, record in known
    ]
    rows += [[m.name, m.version, "can be added", m.license, ""] for m in listing.available]
    print_table("models", ["name", "version", "state", "licence", "SHA-256"], rows)
    console.print(
        f"\nadded ones are in {store.root}\n"
        "add one with `slideloom models add NAME`; use one with `slideloom segment --model NAME`"
    )
    return 0


@models.command
def add(name: str, *, file: Path | None = None, yes: bool = False) -> int:
    """Record a model in the store after showing where it comes from and what it is.

    Args:
        name: A published model's name, or a TorchScript file of your own.
        file: A zip of the published model that is on this machine already; nothing is downloaded.
        yes: Do not ask; the offer is printed all the same.
    """
    store = ModelStore()
    record = store.add(name, file, confirm=lambda offer: _confirmed(offer, yes))
    console.print(f"recorded {record.name} {record.version} in {store.root}: --model {record.name}")
    return 0


def _confirmed(offer: Offer, yes: bool) -> bool:
    print_table(
        f"{offer.name} {offer.version}",
        ["", ""],
        [
            ["address", offer.address],
            ["licence", offer.licence],
            ["size", f"{offer.size_bytes:,} bytes"],
            ["SHA-256", offer.sha256],
        ],
    )
    console.print("A TorchScript runs code when it is loaded: add it only if you trust its source.")
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ModelUnavailable(
            f"{offer.name} was not recorded: nobody is there to be asked; look at the offer above "
            "and repeat the command with --yes"
        )
    return console.input("record it? [y/N] ").strip().lower() in {"y", "yes"}
