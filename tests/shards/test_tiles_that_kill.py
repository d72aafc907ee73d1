"""A tile on which every worker dies is found: it is a gap, or what the job fails with."""

import json
from pathlib import Path

import cv2

from runs import labels
from slideloom.engines.oracle import OracleEngine
from slideloom.parameters import SegmentCells
from slideloom.results.parts import Gap
from slideloom.segmentation.job import segment_slide
from slideloom.segmentation.quarantine import DIED
from slideloom.slides import open_slide
from tests.chaos.city import City
from tests.helpers.engines import Refusing, poison
from tests.helpers.slides import drawn_tissue
from tests.helpers.waiting import wait_until
from tests.shards.jobs import GIVEN, job_of, submit
from tests.shards.told import Told


def test_it_is_left_out_or_named_and_all_others_are_done(town: City, told: Told) -> None:
    """Both at once, as each death takes a while: one tenant's job leaves it out, another's fails."""
