"""An inbox: every slide once, when it has come to rest."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun

from blocks import TenantUnknown
from flows.submit_inbox import submit_inbox
from runs.names import RUN_WORKFLOW
from tasks.inbox import InboxUnusable, arrivals
from tests.helpers.files import drawn_slide
from tests.workflows.server import TENANT

LONG_AGO_S = 1_600_000_000.0


def arrived(folder: Path, name: str, content: bytes = b"slide", age_s: float | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    time_s = LONG_AGO_S if age_s is None else time.time() - age_s
    os.utime(folder / name, (time_s, time_s))
    return folder / name


def names(folder: Path, pattern: str = "*", settle_s: float = 60.0) -> list[str]:
    return [found.path.name for found in arrivals(folder, pattern, settle_s) if found.settled]


def test_slides_are_told_by_their_endings(tmp_path: Path) -> None:
    for name in ("a.svs", "b.NDPI", "notes.txt", ".hidden.svs", "c.svs.part"):
        arrived(tmp_path, name)
    (tmp_path / "folder.svs").mkdir()
    assert names(tmp_path) == ["a.svs", "b.NDPI"]
    assert names(tmp_path, "*.svs") == ["a.svs"]


def test_below_the_folder_only_where_the_pattern_says_so(tmp_path: Path) -> None:
    arrived(tmp_path / "below", "a.svs")
    assert names(tmp_path) == []
    assert names(tmp_path, "**/*") == ["a.svs"]


def test_of_dicom_files_in_one_folder_the_first_stands_for_all(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        for name in ("b.dcm", "a.dcm"):
            arrived(tmp_path / folder, name)
    found = arrivals(tmp_path, "**/*.dcm", 0.0)
    assert [str(one.path.relative_to(tmp_path)) for one in found] == ["one/a.dcm", "two/a.dcm"]


def test_what_still_changes_waits_and_so_do_its_parts(tmp_path: Path) -> None:
    arrived(tmp_path, "new.svs", age_s=1.0)
    arrived(tmp_path, "whole.mrxs")
    arrived(tmp_path, "growing.mrxs")
    arrived(tmp_path / "growing", "Data0000.dat", age_s=1.0)
    assert names(tmp_path) == ["whole.mrxs"]
    assert names(tmp_path, settle_s=0.0) == ["growing.mrxs", "new.svs", "whole.mrxs"]


def _touch(path: Path) -> None:
    os.utime(path, (LONG_AGO_S + 1, LONG_AGO_S + 1))


def _grow(path: Path) -> None:
    path.write_bytes(b"slide, longer")
    os.utime(path, (LONG_AGO_S, LONG_AGO_S))


@pytest.mark.parametrize("change", [_touch, _grow, lambda path: path.rename(path.parent / "b.svs")])
def test_another_content_or_name_has_another_key(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path = arrived(tmp_path, "a.svs")
    before = [found.key for found in arrivals(tmp_path, "*", 0.0)]
    assert [found.key for found in arrivals(tmp_path, "*", 0.0)] == before
    change(path)
    assert [found.key for found in arrivals(tmp_path, "*", 0.0)] != before


@pytest.mark.parametrize("pattern", ["", "/etc/*"])
def test_a_pattern_that_is_none_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(InboxUnusable, match="pattern"):
        arrivals(tmp_path, pattern, 0.0)


def looked(**given: Any) -> dict[str, int]:
    result: dict[str, int] = asyncio.run(submit_inbox(tenant=TENANT, **given))
    return result


async def _workflows() -> list[FlowRun]:
    async with get_client() as client:
        deployment = await client.read_deployment_by_name(RUN_WORKFLOW)
        runs = await client.read_flow_runs()
        return [run for run in runs if run.deployment_id == deployment.id and "inbox" in run.name]


def test_every_slide_is_submitted_once(house: Path) -> None:
    inbox = house / "slides" / "inbox"
    for name in ("a", "b"):
        arrived(inbox, f"{name}.png")
        drawn_slide(inbox / f"{name}.png", 300, 200)
        os.utime(inbox / f"{name}.png", (LONG_AGO_S, LONG_AGO_S))
    arrived(inbox, "growing.png", age_s=0.0)
    given = {"kind": "tissue_mask", "parameters": {"mpp": 0.5}}
    counts = {"submitted": 2, "known": 0, "growing": 1, "refused": 0}
    assert looked(**given) == counts
    assert looked(**given) == {**counts, "submitted": 0, "known": 2}
    assert looked(kind="tissue_mask", parameters={"mpp": 0.25})["known"] == 2
    runs = {run.name: run for run in asyncio.run(_workflows()) if "growing" not in run.name}
    assert {"alice: inbox: a.png", "alice: inbox: b.png"} <= set(runs)
    run = runs["alice: inbox: a.png"]
    assert run.parent_task_run_id is None
    (branch,) = run.parameters["spec"]["branches"]
    assert branch["jobs"] == [{"kind": "tissue_mask", "slide": "inbox/a.png", "mpp": 0.5}]
    shutil.copy(inbox / "b.png", inbox / "c.png")
    os.utime(inbox / "c.png", (LONG_AGO_S, LONG_AGO_S))
    assert looked(**given)["submitted"] == 1


def test_a_name_that_no_spec_takes_is_counted_and_stops_no_other(house: Path) -> None:
    inbox = house / "slides" / "inbox"
    arrived(inbox, "a\x07.png")
    arrived(inbox, "b.png")
    assert looked(kind="tissue_mask") == {"submitted": 1, "known": 0, "growing": 0, "refused": 1}


@pytest.mark.usefixtures("house")
def test_bad_parameters_are_refused_before_anything_is_submitted() -> None:
    with pytest.raises(InboxUnusable, match="tisue: is not a field"):
        looked(parameters={"tisue": "off"})
    with pytest.raises(InboxUnusable, match="is not a folder"):
        looked(folder="nowhere")
    with pytest.raises(TenantUnknown, match="nobody"):
        asyncio.run(submit_inbox(tenant="nobody"))
