/** Cells that are made for tests. */

import { type Cell, boxAround } from "../../src/look/cells";

/** A cell of this outline. */
export function cellOf(id: string, outline: number[], area = 1): Cell {
  const box = boxAround(outline);
  return {
    id,
    outline,
    centroid: [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2],
    area_um2: area,
    perimeter_um: 1,
    major_axis_um: 1,
    minor_axis_um: 1,
    eccentricity: 0,
    solidity: 1,
    haematoxylin_od: 0,
    eosin_od: 0,
    dab_od: 0,
    clipped: false,
    rescued: false,
  };
}
