/** Time axes, lines and bars of the charts of loads: everything is placed on a grid of steps of equal length. */
import { place } from './strip.ts';
import type { Scale } from './strip.ts';
import { html } from '../template.ts';
import type { Html } from '../template.ts';

/** A time axis cut into `count` equal steps; a chart has one value for each. */
export interface Steps {
  fromMs: number;
  stepMs: number;
  count: number;
}

/** A band of the chart: values from 0 (or `low`) at its bottom to `high` at its top. */
export interface Band {
  top: number;
  height: number;
  low: number;
  high: number;
  /** Logarithmic scale. */
  log?: boolean;
}

const TICKS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** At most ten ticks of a time axis and their distance, in seconds. */
export function ticksOf({ fromMs, toMs }: Scale): { ticks: number[]; step: number } {
  const seconds = (toMs - fromMs) / 1000;
  const step = TICKS_S.find((one) => seconds / one <= 10) ?? 86_400;
  return { ticks: multiples(fromMs, toMs, step), step };
}

/** All multiples of a step between two times, in seconds. */
export function multiples(fromMs: number, toMs: number, step: number): number[] {
  const found: number[] = [];
  for (let at = Math.ceil(fromMs / 1000 / step) * step; at * 1000 <= toMs; at += step) found.push(at);
  return found;
}

/** Lines and labels of the time axis; the load begins at 0. */
export function timeAxis(scale: Scale, top: number, bottom: number): Html[] {
  const { ticks, step } = ticksOf(scale);
  return ticks.map((at) => {
    const x = place(scale, at * 1000);
    return html`<line
        class="${at === 0 ? 'l-start' : 't-grid'}"
        x1="${x}"
        x2="${x}"
        y1="${top}"
        y2="${bottom}"
      /><text class="t-tick" x="${x}" y="${bottom + 16}" text-anchor="middle">${timeText(at, step)}</text>`;
  });
}

/** In seconds, minutes or hours, whichever the distance of the ticks calls for. */
function timeText(seconds: number, step: number): string {
  if (seconds === 0) return '0';
  const sign = seconds < 0 ? '−' : '';
  const size = Math.abs(seconds);
  if (step < 60) return `${sign}${size} s`;
  return step < 3600 ? `${sign}${size / 60} min` : `${sign}${size / 3600} h`;
}

/** Height of a value in its band, px from the top of the chart. */
export function heightOf(band: Band, value: number): number {
  const { top, height, low, high, log = false } = band;
  const share = log
    ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
    : (value - low) / Math.max(high - low, 1e-9);
  return Math.round((top + height - Math.min(1, Math.max(0, share)) * height) * 10) / 10;
}

/** A stepped line; null breaks it. Equal neighbours share one segment, which keeps the page small. */
export function stepLine(
  values: readonly (number | null)[],
  steps: Steps,
  on: { scale: Scale; band: Band },
): string {
  let path = '';
  let last: number | null = null;
  for (const [index, value] of values.entries()) {
    const next = value === null ? null : heightOf(on.band, value);
    if (next === last) continue;
    const x = place(on.scale, steps.fromMs + index * steps.stepMs);
    if (last !== null) path += `H${x}`;
    if (next !== null) path += last === null ? `M${x} ${next}` : `V${next}`;
    last = next;
  }
  if (last !== null) path += `H${place(on.scale, steps.fromMs + values.length * steps.stepMs)}`;
  return path;
}

/** Bars from the bottom of the band, one for each run of equal values. */
export function bars(
  values: readonly (number | null)[],
  steps: Steps,
  on: { scale: Scale; band: Band },
): string {
  const base = on.band.top + on.band.height;
  let path = '';
  for (let index = 0; index < values.length;) {
    const value = values[index] ?? 0;
    let end = index + 1;
    while (end < values.length && (values[end] ?? 0) === value) end += 1;
    if (value > 0) {
      const from = place(on.scale, steps.fromMs + index * steps.stepMs);
      const to = place(on.scale, steps.fromMs + end * steps.stepMs);
      // At least 2 px, so that a single event stays visible.
      const y = Math.min(base - 2, heightOf(on.band, value));
      path += `M${from} ${base}V${y}H${Math.max(to, from + 1)}V${base}z`;
    }
    index = end;
  }
  return path;
}

const LEADS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

/** A round number that is not below the value: the top of an axis. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = LEADS.find((one) => one * power >= value) ?? 10;
  return Number((lead * power).toPrecision(3));
}
