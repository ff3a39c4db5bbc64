import type { FailoverRecord, RunRecord } from '../../record/run-record.ts';
import { plural, secondsOf, withoutRto, worstRtoText } from '../text.ts';
import { ticksOf } from './charts/axis.ts';
import { BIN_MS, outageWindow, place } from './charts/strip.ts';
import type { Scale } from './charts/strip.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

const WIDTH = 960;
const LEFT = 132;
const RIGHT = 16;
const TOP = 8;
const ROW = 50;
const BASE = 28;
const OK_HEIGHT = 16;
const BAD_DEPTH = 12;
const AXIS = 24;
/** Least width of a bar: what falls into it is summed, so that a strip of a hundred trials is no larger than that of one. */
const MIN_BAR_PX = 1.5;

/** A trial with the known time of its fault, epoch ms. */
interface Placed {
  trial: FailoverRecord;
  zeroMs: number;
}

/**
 * What clients saw of every service during the run, on one time axis: successes stand on the line, everything else hangs from it.
 * The time from each fault to the end of its outage is shaded. Where a service has no bars, nothing was sent to it.
 */
export function serviceSection(record: RunRecord): Html | null {
  const placed = record.checks
    .flatMap((check) => check.trials)
    .flatMap((trial): Placed[] => {
      const zeroMs = Date.parse(trial.zeroAt ?? '');
      return Number.isNaN(zeroMs) || trial.strip.length === 0 ? [] : [{ trial, zeroMs }];
    });
  if (placed.length === 0) return null;
  const services = [...Map.groupBy(placed, ({ trial }) => trial.store)];
  const scale = axisOf(placed);
  const height = TOP + services.length * ROW + AXIS;
  const name = `Outage strips: ${services.map(([service, trials]) => summary(service, trials)).join('; ')}`;
  return html`<section id="services">
    <h2>What clients saw <small>every service on one axis</small></h2>
    <div class="panel">
      <div class="scroll" tabindex="0" role="region" aria-label="${name}">
        <svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img">
          <title>${name}</title>
          ${clockAxis(scale, TOP + services.length * ROW)}${services.map(([service, trials], index) => row(service, trials, { scale, top: TOP + index * ROW }))}
        </svg>
      </div>
      <p class="note">
        Above the line: operations that succeeded; below it: all others. Each is placed at the time it was
        due. Shaded: from the fault to the end of its outage. No bars: nothing was sent to that service.
      </p>
    </div>
  </section>`;
}

function summary(service: string, trials: readonly Placed[]): string {
  const longest = worstRtoText(trials.map(({ trial }) => trial));
  return `${service}: ${plural(trials.length, 'trial')}, longest outage: ${longest}`;
}

function axisOf(placed: readonly Placed[]): Scale {
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const { trial, zeroMs } of placed) {
    fromMs = Math.min(fromMs, zeroMs + (trial.strip[0]?.[0] ?? 0));
    toMs = Math.max(toMs, zeroMs + (trial.strip.at(-1)?.[0] ?? 0) + BIN_MS);
  }
  const margin = Math.max(1000, (toMs - fromMs) * 0.01);
  return { fromMs: fromMs - margin, toMs: toMs + margin, left: LEFT, width: WIDTH - LEFT - RIGHT };
}

function row(service: string, trials: readonly Placed[], at: { scale: Scale; top: number }): Html {
  const { scale, top } = at;
  const base = top + BASE;
  const { ok, bad } = bars(trials, scale, base);
  const losses = trials.reduce((sum, { trial }) => sum + (trial.writes?.lost ?? 0), 0);
  const note = losses > 0 ? `${losses} lost` : plural(trials.length, 'trial');
  return html`${trials.map((one) => shade(one, scale, top + 2))}<line
      class="s-line"
      x1="${LEFT}"
      x2="${LEFT + scale.width}"
      y1="${base + 0.5}"
      y2="${base + 0.5}"
    /><text class="t-label" x="${LEFT - 12}" y="${base - 4}" text-anchor="end">${service}</text
    ><text class="${losses > 0 ? 't-alarm' : 't-note'}" x="${LEFT - 12}" y="${base + 11}" text-anchor="end"
      >${note}</text
    ><path class="s-ok" d="${ok}" /><path class="s-bad" d="${bad}" />`;
}

/** From the fault to the end of its outage; the tooltip names fault, target and length. */
function shade({ trial, zeroMs }: Placed, scale: Scale, top: number): Html {
  const { toMs } = outageWindow(trial);
  const lastMs = (trial.strip.at(-1)?.[0] ?? 0) + BIN_MS;
  const from = place(scale, zeroMs);
  const to = place(scale, zeroMs + Math.max(0, toMs ?? lastMs));
  const took = trial.rto === null ? withoutRto(trial) : `outage ${secondsOf(trial.rto.hiMs)}`;
  return html`<rect
    class="s-window"
    x="${from}"
    y="${top}"
    width="${Math.max(2, Math.round((to - from) * 10) / 10)}"
    height="${ROW - 6}"
  >
    <title>${trial.fault} on ${trial.target}, trial ${trial.trial}: ${took}</title>
  </rect>`;
}

/** Per column of pixels a bar up for the share of operations that succeeded, and one down for the rest. */
function bars(trials: readonly Placed[], scale: Scale, base: number): { ok: string; bad: string } {
  const columns = new Map<number, { ok: number; bad: number }>();
  const perBin = (scale.width * BIN_MS) / (scale.toMs - scale.fromMs);
  const width = Math.round(Math.max(MIN_BAR_PX, perBin) * 100) / 100;
  for (const { trial, zeroMs } of trials) {
    for (const [at, ok, bad] of trial.strip) {
      const x = place(scale, zeroMs + at);
      const column = Math.floor((x - scale.left) / width + 1e-6);
      const sums = columns.get(column) ?? { ok: 0, bad: 0 };
      columns.set(column, { ok: sums.ok + ok, bad: sums.bad + bad });
    }
  }
  let okPath = '';
  let badPath = '';
  for (const [column, { ok, bad }] of [...columns].sort(([a], [b]) => a - b)) {
    const x = Math.round((scale.left + column * width) * 10) / 10;
    const share = ok / Math.max(1, ok + bad);
    if (ok > 0) okPath += `M${x} ${base}v${-Math.max(4, Math.round(share * OK_HEIGHT))}h${width}V${base}z`;
    if (bad > 0)
      badPath += `M${x} ${base + 1}v${Math.max(3, Math.round((1 - share) * BAD_DEPTH))}h${width}V${base + 1}z`;
  }
  return { ok: okPath, bad: badPath };
}

function clockAxis(scale: Scale, bottom: number): Html[] {
  const { ticks, step } = ticksOf(scale);
  return ticks.map((at) => {
    const x = place(scale, at * 1000);
    const clock = new Date(at * 1000).toISOString().slice(11, step < 60 ? 19 : 16);
    return html`<line class="t-grid" x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}" /><text
        class="t-tick"
        x="${x}"
        y="${bottom + 16}"
        text-anchor="${x > WIDTH - 30 ? 'end' : 'middle'}"
        >${clock}</text
      >`;
  });
}
