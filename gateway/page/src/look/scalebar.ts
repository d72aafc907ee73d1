/** The scale bar: a round length that fits, in µm or mm. */

export interface ScaleBar {
  readonly widthPx: number;
  readonly label: string;
}

const STEPS = [5, 2, 1];

/** The largest of 1, 2, 5 times a power of ten that is not above `most`; `most` is positive. */
export function roundDown(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = STEPS.find((each) => each * power <= most * (1 + 1e-9)) ?? 1;
  return step * power;
}

/** A bar of at most `mostPx` CSS pixels; null: a length cannot be told.
 *
 * @param unitsPerPx µm per CSS pixel, or level-0 pixels where µm are not known
 */
export function scaleBar(unitsPerPx: number, mostPx: number, knownUm: boolean): ScaleBar | null {
  const most = unitsPerPx * mostPx;
  if (!(most > 0 && Number.isFinite(most))) return null;
  const length = roundDown(most);
  return {
    widthPx: length / unitsPerPx,
    label: knownUm ? micrometres(length) : `${plain(length)} px`,
  };
}

function micrometres(um: number): string {
  if (um >= 1000) return `${plain(um / 1000)} mm`;
  return um < 1 ? `${plain(um * 1000)} nm` : `${plain(um)} µm`;
}

function plain(value: number): string {
  return String(Number(value.toPrecision(6)));
}
