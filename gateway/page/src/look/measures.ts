/** The measures of cells: what they are called, and in which unit. */

import type { Cell } from "./cells";

export type MeasureName =
  | "area_um2"
  | "perimeter_um"
  | "major_axis_um"
  | "minor_axis_um"
  | "eccentricity"
  | "solidity"
  | "haematoxylin_od"
  | "eosin_od"
  | "dab_od";

export interface Measure {
  readonly name: MeasureName;
  readonly label: string;
  readonly unit: string;
}

export const MEASURES: readonly Measure[] = [
  { name: "area_um2", label: "Area", unit: "µm²" },
  { name: "perimeter_um", label: "Perimeter", unit: "µm" },
  { name: "major_axis_um", label: "Major axis", unit: "µm" },
  { name: "minor_axis_um", label: "Minor axis", unit: "µm" },
  { name: "eccentricity", label: "Eccentricity", unit: "" },
  { name: "solidity", label: "Solidity", unit: "" },
  { name: "haematoxylin_od", label: "Haematoxylin, mean", unit: "OD" },
  { name: "eosin_od", label: "Eosin, mean", unit: "OD" },
  { name: "dab_od", label: "DAB, mean", unit: "OD" },
];

export function measureNamed(name: string): Measure {
  return MEASURES.find((each) => each.name === name) ?? (MEASURES[0] as Measure);
}

export function valuesOf(cells: Iterable<Cell>, name: MeasureName): number[] {
  return Array.from(cells, (cell) => cell[name]);
}

export function withUnit(value: string, unit: string): string {
  return unit ? `${value} ${unit}` : value;
}
