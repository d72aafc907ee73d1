"""What tenants are told: no place of the operator's, and always what to do."""

import pytest

import blocks.errors
import slideloom.scheduling.errors
import slideloom.stores.slide_cache
from gateway.catalogue import kinds_of
from gateway.cleaning import cleaned
from gateway.hints import HINTS, OTHERWISE, hint_for
from slideloom.errors import BadInput

ROOTS = ("/data/slides/alice", "s3://lab/alice")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("slide /data/slides/alice/x/a.svs breaks", "slide x/a.svs breaks"),
        ("outside /data/slides/alice: move it", "outside your folder: move it"),
        ("/data/slides/alice-2/b.svs", "b.svs"),
        ("s3://lab/alice/a.svs does not exist", "a.svs does not exist"),
        ("'/opt/models/m/1/instanseg.pt' is not", "'instanseg.pt' is not"),
        ("file:///data/slides/alice/a.svs", "a.svs"),
        ("0.5 µm/px, and/or 3 / 4", "0.5 µm/px, and/or 3 / 4"),
        ("a.png breaks at level 0", "a.png breaks at level 0"),
    ],
)
def test_no_place_is_told(said: str, wanted: str) -> None:
    assert cleaned(said, ROOTS) == wanted


def _kinds(kind: type[BadInput]) -> set[type[BadInput]]:
    return {kind, *(below for each in kind.__subclasses__() for below in _kinds(each))}


def test_every_bad_input_of_a_job_has_a_hint() -> None:
    mine = {
        kind for kind in _kinds(BadInput) if kind.__module__.startswith(("slideloom", "blocks"))
    }
    names = {kind.__name__ for kind in mine} - {BadInput.__name__}
    assert names >= {"SlideUnreadable", blocks.errors.SlideOutside.__name__}
    assert names >= {slideloom.scheduling.errors.RetryRefused.__name__}
    assert names == set(HINTS)


def test_what_is_nobodys_fault_has_one_too() -> None:
    assert hint_for(None) == hint_for("EngineFailed") == OTHERWISE


def test_kinds_say_what_holds_for_the_tenant() -> None:
    kinds = kinds_of("theirs")
    assert set(kinds) == {"segment_cells", "tissue_mask"}
    parameters = kinds["segment_cells"]["properties"]
    assert parameters["model"]["default"] == "theirs"
    assert parameters["tile_size"]["default"] > 0
    assert "model" not in kinds["tissue_mask"]["properties"]
