"""The page in a real browser, against a real door with all that is behind it."""

import asyncio
from pathlib import Path

import httpx
import pytest

from deployments.register.tenants import add_tenant
from tests.chaos.city import damage
from tests.helpers.files import drawn_slide
from tests.page.browser import drive
from tests.page.conftest import Address

TENANTS = ["walker", "failing", "alice", "bob", "healing"]


@pytest.fixture(scope="module")
def tenants(address: Address) -> Address:
    """Tenants without anything, whose model is the oracle."""
    folder = address.town.folder
    for tenant in TENANTS:
        slides = folder / "slides" / tenant
        slides.mkdir(parents=True)
        given = {
            "slide_root": str(slides),
            "result_root": str(folder / "results"),
            "default_model": "oracle",
        }
        asyncio.run(add_tenant(tenant, given))
    return address


def slides_of(place: Address, tenant: str) -> Path:
    return place.town.folder / "slides" / tenant


def test_the_whole_path(tenants: Address, place: Address, tmp_path: Path) -> None:
    no_slide = tmp_path / "letter.svs"
    no_slide.write_text("Dear colleague, this is no slide.")
    given = {
        "url": place.url,
        "key": place.door.key("walker"),
        "slide": str(drawn_slide(tmp_path / "scan.png", 1200, 900)),
        "noSlide": str(no_slide),
    }
    drive("walk", tmp_path, given, {"hold": place.line.hold, "release": place.line.release})


def test_a_broken_slide_is_explained(tenants: Address, place: Address, tmp_path: Path) -> None:
    damage(drawn_slide(slides_of(place, "failing") / "broken.png"))
    secret = place.town.folder.name
    drive(
        "failing",
        tmp_path,
        {"url": place.url, "key": place.door.key("failing"), "secret": secret},
    )


def submitted(client: httpx.Client, slide: str) -> str:
    """A workflow that takes a while: jobs one after the other."""
    job = {"kind": "segment_cells", "slide": slide, "mpp": 0.5}
    spec = {"name": "biopsy", "branches": [{"name": "a", "jobs": [job] * 8}]}
    made: str = client.post("/workflows", json=spec).raise_for_status().json()["id"]
    return made


def test_tenants_see_nothing_of_each_other(
    tenants: Address, place: Address, tmp_path: Path
) -> None:
    for tenant in ("alice", "bob"):
        drawn_slide(slides_of(place, tenant) / f"of-{tenant}.png")
    keys = {tenant: place.door.key(tenant) for tenant in ("alice", "bob")}
    with place.door.client("alice") as client:
        workflow = submitted(client, "of-alice.png")
    drive("apart", tmp_path, {"url": place.url, "keys": keys, "workflow": workflow})


def test_a_cut_line_heals(tenants: Address, place: Address, tmp_path: Path) -> None:
    drawn_slide(slides_of(place, "healing") / "a.png")
    with place.door.client("healing") as client:
        workflow = submitted(client, "a.png")

        def cancel() -> None:
            client.post(f"/workflows/{workflow}/cancel").raise_for_status()

        given = {"url": place.url, "key": place.door.key("healing"), "workflow": workflow}
        acts = {"cut": place.line.cut, "cancel": cancel, "mend": place.line.mend}
        drive("healing", tmp_path, given, acts)
