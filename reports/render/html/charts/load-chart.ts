import type { LoadDetail, ScalingDetail } from '../../../record/details/load-detail.ts';
import { duration, grouped } from '../../text.ts';
import { bars, heightOf, niceTop, stepLine, timeAxis } from './axis.ts';
import type { Band, Steps } from './axis.ts';
import { place } from './strip.ts';
import type { Scale } from './strip.ts';
import { html } from '../template.ts';
import type { Html } from '../template.ts';

const WIDTH = 960;
const LEFT = 132;
const RIGHT = 96;
const TOP = 26;
const BAND = 62;
const SPACE = 18;
const AXIS = 26;
const MARK_ROW = 15;

/** One line or one row of bars. */
interface Drawn {
  name: string;
  values: readonly (number | null)[];
  kind: 'line' | 'dashed' | 'bars';
}

interface Part {
  title: string;
  unit: string;
  drawn: Drawn[];
  log?: boolean;
  /** Top of the axis at least. */
  least?: number;
}

interface Chart {
  title: string;
  steps: Steps;
  parts: Part[];
  marks: ScalingDetail['marks'];
  windows: ScalingDetail['windows'];
}

/** Iterations offered and begun, latency and errors of a load on one time axis. */
export function loadChart(load: LoadDetail): Html {
  return timeChart({
    title: `Load of ${load.script}: ${grouped(load.requests)} requests, ${grouped(load.failed)} failed, ${grouped(load.dropped)} iterations dropped`,
    steps: { fromMs: load.fromMs, stepMs: load.stepMs, count: load.started.length },
    parts: [
      {
        title: 'iterations',
        unit: '/s',
        drawn: [
          { name: 'offered', values: load.offered, kind: 'dashed' },
          { name: 'begun', values: load.started, kind: 'line' },
        ],
      },
      ...latencyAndErrors(load),
    ],
    marks: [],
    windows: [],
  });
}

/** Offered load, replicas, latency and errors on one axis of time, faults shaded. */
export function scalingChart(detail: ScalingDetail): Html {
  const seen = detail.marks.map(({ name, atMs }) => `${name} ${atMs === null ? 'not seen' : duration(atMs)}`);
  return timeChart({
    title: `Scaling of the ${detail.target}, ${detail.min} to ${detail.max} pods: ${seen.join(', ')}`,
    steps: { fromMs: detail.fromMs, stepMs: detail.stepMs, count: detail.offered.length },
    parts: [
      {
        title: 'offered load',
        unit: '/s',
        drawn: [{ name: 'offered', values: detail.offered, kind: 'line' }],
      },
      {
        title: 'pods',
        unit: '',
        least: detail.max,
        drawn: [
          { name: 'desired', values: detail.desired, kind: 'dashed' },
          { name: 'ready', values: detail.ready, kind: 'line' },
        ],
      },
      ...latencyAndErrors(detail),
    ],
    marks: detail.marks,
    windows: detail.windows,
  });
}

function latencyAndErrors(of: Pick<LoadDetail, 'p50Ms' | 'p99Ms' | 'errorsPerSecond'>): Part[] {
  return [
    {
      title: 'latency',
      unit: 'ms',
      log: true,
      drawn: [
        { name: 'p99', values: of.p99Ms, kind: 'line' },
        { name: 'p50', values: of.p50Ms, kind: 'dashed' },
      ],
    },
    { title: 'errors', unit: '/s', drawn: [{ name: 'errors', values: of.errorsPerSecond, kind: 'bars' }] },
  ];
}

/** Bands of lines and bars over one axis of time, with marks, and windows that are shaded. */
function timeChart({ title, steps, parts, marks, windows }: Chart): Html {
  const toMs = steps.fromMs + steps.count * steps.stepMs;
  const scale: Scale = { fromMs: steps.fromMs, toMs, left: LEFT, width: WIDTH - LEFT - RIGHT };
  const known = marks.filter(({ atMs }) => atMs !== null);
  const top = TOP + Math.max(0, known.length - 1) * MARK_ROW;
  const bottom = top + parts.length * (BAND + SPACE) - SPACE;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}">
    <svg class="timeline" viewBox="0 0 ${WIDTH} ${bottom + AXIS}" role="img">
      <title>${title}</title>
      ${windows.map((one) => shade(one, scale, { top, bottom }))}${timeAxis(scale, top, bottom)}${parts.map(
        (part, index) => partOf(part, steps, { scale, top: top + index * (BAND + SPACE) }),
      )}${known.map((mark, index) => markLine(mark, { scale, row: TOP - 14 + index * MARK_ROW, bottom }))}
    </svg>
  </div>`;
}

function shade(
  { name, fromMs, toMs }: ScalingDetail['windows'][number],
  scale: Scale,
  { top, bottom }: { top: number; bottom: number },
): Html {
  const from = place(scale, fromMs);
  const width = Math.max(2, Math.round((place(scale, toMs) - from) * 10) / 10);
  return html`<rect class="s-window" x="${from}" y="${top}" width="${width}" height="${bottom - top}">
    <title>${name}</title>
  </rect>`;
}

type Mark = ScalingDetail['marks'][number];

function markLine(
  { name, atMs, sinceMs = 0 }: Mark,
  { scale, row, bottom }: { scale: Scale; row: number; bottom: number },
): Html {
  const x = place(scale, sinceMs + (atMs ?? 0));
  const left = x > WIDTH * 0.7;
  return html`<line class="l-mark" x1="${x}" x2="${x}" y1="${row - 8}" y2="${bottom}" /><text
      class="t-note"
      x="${left ? x - 4 : x + 4}"
      y="${row}"
      text-anchor="${left ? 'end' : 'start'}"
      >${name} ${duration(atMs ?? 0)}</text
    >`;
}

function bandOf({ drawn: lines, log = false, least = 0 }: Part, top: number): Band {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const high = niceTop(Math.max(least, ...values));
  if (!log) return { top, height: BAND, low: 0, high: least > 0 ? Math.max(least, ...values) : high };
  const lowest = Math.min(high, ...values.filter((value) => value > 0));
  const low = 10 ** Math.floor(Math.log10(lowest));
  return { top, height: BAND, low, high: Math.max(high, low * 10), log };
}

function partOf(part: Part, steps: Steps, { scale, top }: { scale: Scale; top: number }): Html {
  const band = bandOf(part, top);
  const base = top + BAND;
  const unit = part.unit === '' ? '' : ` ${part.unit}`;
  const lines = part.drawn.map((line) => {
    const path =
      line.kind === 'bars'
        ? bars(line.values, steps, { scale, band })
        : stepLine(line.values, steps, { scale, band });
    return path === '' ? null : html`<path class="l-${line.kind}" d="${path}" />`;
  });
  return html`<line
      class="s-line"
      x1="${LEFT}"
      x2="${LEFT + scale.width}"
      y1="${base + 0.5}"
      y2="${base + 0.5}"
    /><text class="t-label" x="${LEFT - 12}" y="${top + BAND / 2 + 4}" text-anchor="end">${part.title}</text
    ><text class="t-tick" x="${LEFT - 5}" y="${top + 6}" text-anchor="end">${grouped(band.high)}${unit}</text
    ><text class="t-tick" x="${LEFT - 5}" y="${base + 2}" text-anchor="end">${grouped(band.low)}</text
    >${lines}${labels(part.drawn, band)}`;
}

/** The name of each line behind its end, moved apart where two end at the same height. */
function labels(lines: readonly Drawn[], band: Band): Html[] {
  let before = -Infinity;
  return lines
    .map((line) => ({ line, y: heightOf(band, line.values.findLast((value) => value !== null) ?? band.low) }))
    .sort((a, b) => a.y - b.y)
    .map(({ line, y }) => {
      const at = Math.max(y + 4, before + 13, band.top + 6);
      before = at;
      const none = line.values.every((value) => value === null || value === 0);
      const word = none ? (line.name === 'offered' ? 'none offered' : `no ${line.name}`) : line.name;
      return html`<text class="t-note" x="${WIDTH - RIGHT + 8}" y="${at}">${word}</text>`;
    });
}
