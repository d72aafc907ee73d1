"""Where a job works, and where the other processes that work for it find what it needs.

In a result store on this machine's disk that is one place: the job's folder. In S3 the job works in
a folder of this machine, its scratch, and what others need is in the store: the plan before the
tiles, the parts as they are finished, the result at its end. No two machines share a disk.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from slideloom.errors import OutputConflict
from slideloom.results.folder import IDENTITY, MANIFEST, PARTS, RUN
from slideloom.results.identity import Claim, Identity
from slideloom.results.parts import has_part, part_name
from slideloom.stores import Store

_AT_ONCE = 8
"""Files on their way to or from the store at the same time."""
_MARK = "trying-"


def _mark(token: str, tile: int) -> str:
    return f"{PARTS}/{_MARK}{token}-{tile}"


@dataclass(frozen=True, slots=True)
class Workplace:
    """A job's folder that all processes which work for it can reach.

    Attributes:
        folder: The folder.
    """

    folder: Path

    @property
    def told(self) -> str:
        """The place in words."""
        return str(self.folder)

    def url(self, name: str) -> str:
        """Address of a file of the result, for people."""
        return (self.folder / name).resolve().as_uri()

    def settle(self, claim: Claim, identity: Identity) -> Claim:  # noqa: ARG002
        """What is there of the result, all machines considered, once the folder is claimed."""
        return claim

    def send(self, names: Sequence[str]) -> None:
        """Let others see these files of the folder; they do already."""

    def bring(self, names: Sequence[str]) -> None:
        """Get these files that others have made; they are here already."""

    def send_part(self, key: str) -> None:
        """Let others see a part that was made here; they do already."""

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Those parts that are not there, or not whole."""
        return {key for key in keys if not has_part(self.folder, key)}

    def parts(self) -> set[str]:
        """Names of the parts that are there; cheap, for showing progress."""
        return {f"{PARTS}/{part.name}" for part in (self.folder / PARTS).glob("*.part")}

    def mark(self, token: str, tile: int) -> None:
        """Note that a tile is tried; what is noted outlives the process.

        Args:
            token: Who tries it.
            tile: Its index.
        """
        (self.folder / _mark(token, tile)).touch()

    def unmark(self, token: str, tile: int) -> None:
        """The tile is not tried any more."""
        (self.folder / _mark(token, tile)).unlink(missing_ok=True)

    def marked(self, token: str) -> set[int]:
        """Indices of the tiles that are being tried, or were when the process died."""
        found = (self.folder / PARTS).glob(f"{_MARK}{token}-*")
        return {int(path.name.rpartition("-")[2]) for path in found}

    def close(self, identity: Identity) -> None:
        """The manifest has been written in the folder: now it is a result."""

    def abandon(self) -> None:
        """Nobody has begun this result before, and its input is bad: leave nothing elsewhere."""


@dataclass(frozen=True, slots=True)
class SharedWorkplace(Workplace):
    """A scratch folder of this machine and the job's place in a store.

    Attributes:
        store: The job's place in the store of results.
    """

    store: Store

    @property
    def told(self) -> str:
        """The place in the store."""
        return str(self.store.root)

    def url(self, name: str) -> str:
        """Address in the store."""
        return self.store.url(name)

    def settle(self, claim: Claim, identity: Identity) -> Claim:
        """The store decides; what an earlier attempt left there of another result is removed.

        Raises:
            OutputConflict: The store holds the result of something else.
        """
        if self.store.has(MANIFEST):
            self._refuse_other(identity)
            self.store.remove_below(PARTS)  # of an attempt that died after its manifest
            return Claim.COMPLETE
        begun = self.store.has(IDENTITY)
        if begun and self._identity(IDENTITY) != identity.key:
            self.store.remove_below(PARTS)
        self.send([IDENTITY])
        return Claim.RESUMED if begun else claim

    def send(self, names: Sequence[str]) -> None:
        """Put files of the folder into the store; each is whole there, or absent.

        Raises:
            OutputConflict: The result is finished by now: a late attempt changes nothing.
        """
        if names and self.store.has(MANIFEST):
            raise OutputConflict(f"{self.told} is finished by now: this attempt comes too late")
        self._all(lambda name: self.store.put_file(name, self.folder / name), names)

    def bring(self, names: Sequence[str]) -> None:
        """Fetch files from the store that are not in the folder.

        Raises:
            FileNotFoundError: One is not in the store.
        """
        (self.folder / PARTS).mkdir(parents=True, exist_ok=True)
        wanted = [name for name in names if not (self.folder / name).exists()]
        self._all(lambda name: self.store.fetch(name, self.folder / name), wanted)

    def send_part(self, key: str) -> None:
        """Put a part into the store; one that is there already stays: it is the same."""
        name = part_name(key)
        self.store.put_if_absent(name, self.folder / name)
        (self.folder / name).unlink(missing_ok=True)

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Those parts that are not in the store; what is there is whole."""
        there = self.parts()
        return {key for key in keys if part_name(key) not in there}

    def parts(self) -> set[str]:
        """Names of the parts in the store."""
        names = (entry.name for entry in self.store.list(PARTS))
        return {name for name in names if PurePath(name).suffix == ".part"}

    def mark(self, token: str, tile: int) -> None:
        """Note in the store that a tile is tried."""
        self.store.put(_mark(token, tile), b"")

    def unmark(self, token: str, tile: int) -> None:
        """The tile is not tried any more."""
        self.store.remove(_mark(token, tile))

    def marked(self, token: str) -> set[int]:
        """Indices of the tiles that the store says are being tried."""
        names = (PurePath(entry.name).name for entry in self.store.list(PARTS))
        mine = (name for name in names if name.startswith(f"{_MARK}{token}-"))
        return {int(name.rpartition("-")[2]) for name in mine}

    def close(self, identity: Identity) -> None:
        """Put the manifest into the store, unless another attempt has; then clear up.

        Raises:
            OutputConflict: Another result has been put there.
        """
        self.send([RUN] if (self.folder / RUN).exists() else [])
        if not self.store.put_if_absent(MANIFEST, self.folder / MANIFEST):
            self._refuse_other(identity)
        self.store.remove_below(PARTS)

    def abandon(self) -> None:
        """Remove what was put into the store, unless it has become a result."""
        if not self.store.has(MANIFEST):
            for entry in self.store.list():
                self.store.remove(entry.name)

    def _refuse_other(self, identity: Identity) -> None:
        if self._identity(MANIFEST) != identity.key:
            raise OutputConflict(
                f"{self.told} holds the result of something else: submit the workflow again"
            )

    def _identity(self, name: str) -> str:
        """Key of what is in the store, as a file there states it; empty: it does not."""
        stated: Any = json.loads(self.store.get(name))
        stated = stated.get("identity", stated) if isinstance(stated, dict) else {}
        return str(stated.get("key", ""))

    def _all(self, act: Any, names: Sequence[str]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(act, names))
