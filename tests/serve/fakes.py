"""Folders that look like an installed PostgreSQL."""

from pathlib import Path

TRGM = "pg_trgm.control"


def installed(folder: Path, version: str, module: str | None = TRGM) -> Path:
    """Programs that say a version; the folder they are in."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        _script(programs / name, f"{name} (PostgreSQL) {version}")
    _script(programs / "pg_config", str(folder / "modules"))
    (folder / "modules" / "extension").mkdir(parents=True)
    if module:
        (folder / "modules" / "extension" / module).touch()
    return programs


def _script(path: Path, says: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
