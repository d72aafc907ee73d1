"""A box as it is asked for: `x0,y0,x1,y1` in level-0 pixels."""

import re

from gateway.problems import Problem
from slideloom.viewer.cellset import Box

_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_TOLD = (
    "bbox must be four numbers in level-0 pixels, x0,y0,x1,y1 with x0 <= x1 and y0 <= y1, such as "
    "1000,2000,1500,2400"
)


def parse_box(stated: str) -> Box:
    """The box.

    Raises:
        Problem: It is none.
    """
    sides = stated.split(",")
    if len(sides) != 4 or not all(_NUMBER.fullmatch(side) for side in sides):
        raise Problem(422, "bbox_unusable", _TOLD)
    x0, y0, x1, y1 = map(float, sides)
    if x0 > x1 or y0 > y1:
        raise Problem(422, "bbox_unusable", _TOLD)
    return x0, y0, x1, y1
