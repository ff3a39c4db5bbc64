import type { FailoverRecord, PathRecord, Phase } from '../../../record/run-record.ts';
import { READS, streamText, summaryOf } from '../../../record/trials.ts';
import { duration, oneLine, secondsOf, withoutRto } from '../../text.ts';
import { multiples } from './axis.ts';
import { BIN_MS, outageWindow, place, stripBars } from './strip.ts';
import type { Scale } from './strip.ts';
import { html } from '../template.ts';
import type { Html } from '../template.ts';

const WIDTH = 960;
const LEFT = 132;
const RIGHT = 150;
const STRIP_TOP = 26;
const STRIP_BASE = 70;
const STRIP_BOTTOM = 96;
const ROW = 24;
const AXIS = 26;
/** Calm after the last event, so that the return of the service can be seen. */
const TAIL_MS = 4000;
/** A phase later than this multiple of the outage's end is an arrow at the edge: to scale it would squeeze the outage. */
const FAR = 2.5;
/** Characters of a path's name that fit beside its row. */
const NAME_CHARS = 14;

/** The axis of a trial: what was recorded before the fault, up to some seconds after the service was back. */
export function scaleOf(trial: FailoverRecord, width = WIDTH - LEFT - RIGHT, left = LEFT): Scale {
  const first = trial.strip[0]?.[0] ?? -1000;
  const last = trial.strip.at(-1)?.[0] ?? 0;
  const back = outageWindow(trial).toMs ?? last + BIN_MS;
  const near = trial.phases.flatMap(({ atMs }) =>
    atMs !== null && atMs <= back * FAR + TAIL_MS ? [atMs] : [],
  );
  const ends = drawnStreams(trial).flatMap(({ away }) => away.flatMap(({ toMs }) => toMs ?? []));
  const toMs = Math.max(back, 1000, ...near, ...ends) + TAIL_MS;
  return { fromMs: Math.min(first, -1000), toMs, left, width };
}

/** Strip of operations and phases of one trial on one time axis, the outage shaded. */
export function timeline(trial: FailoverRecord, goalSeconds: number | null = null): Html {
  const scale = scaleOf(trial);
  const streams = drawnStreams(trial);
  const above = streams.length + trial.phases.length;
  const topOf = (row: number): number => STRIP_BOTTOM + row * ROW;
  const bottom = topOf(above + (trial.expectedWindowMs === null ? 0 : 1));
  const height = bottom + AXIS;
  const name = `Timeline of trial ${trial.trial}: ${summary(trial)}`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}">
    <svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img">
      <title>${name}</title>
      ${window(trial, scale, bottom)}${grid(scale, bottom)}${goalLine(goalSeconds, scale, bottom)}
      <text class="t-label" x="${LEFT - 12}" y="${STRIP_BASE - 18}" text-anchor="end">
        ${trial.requests === undefined ? 'writes' : 'requests'}
      </text>
      <text class="t-note" x="${LEFT - 12}" y="${STRIP_BASE - 3}" text-anchor="end">ok above,</text>
      <text class="t-note" x="${LEFT - 12}" y="${STRIP_BASE + 11}" text-anchor="end">not ok below</text>
      <line
        class="s-line"
        x1="${LEFT}"
        x2="${LEFT + scale.width}"
        y1="${STRIP_BASE + 0.5}"
        y2="${STRIP_BASE + 0.5}"
      />
      ${stripBars(trial.strip, scale, STRIP_BASE, STRIP_BASE - STRIP_TOP - 8)}${streams.map((stream, index) => streamRow(stream, scale, topOf(index)))}${trial.phases.map((phase, index) => phaseRow(phase, scale, topOf(streams.length + index)))}${expectedRow(trial, scale, topOf(above))}
    </svg>
  </div>`;
}

function summary(trial: FailoverRecord): string {
  const rto = trial.rto === null ? withoutRto(trial) : `RTO ${secondsOf(trial.rto.hiMs)}`;
  const phases = trial.phases.map(
    (phase) => `${phase.name} ${phase.atMs === null ? 'not seen' : secondsOf(phase.atMs)}`,
  );
  const streams = drawnStreams(trial).map((stream) => `RTO ${streamText(stream.name)} ${lengthOf(stream)}`);
  return [rto, ...streams, ...phases].join(', ');
}

type DrawnStream = PathRecord & Required<Pick<PathRecord, 'away'>>;

/** Reads and further paths, of which it is known when they were out. */
const drawnStreams = ({ paths = [] }: FailoverRecord): DrawnStream[] =>
  paths.flatMap((path) => (path.away === undefined ? [] : [{ ...path, away: path.away }]));

function lengthOf({ rto, away }: DrawnStream): string {
  if (rto !== null) return secondsOf(rto.hiMs);
  return away.at(-1)?.toMs === null ? 'never again' : 'not known';
}

/** A row of its own: a bar for each time in which these clients got no answer. */
function streamRow(stream: DrawnStream, scale: Scale, top: number): Html {
  const y = top + ROW / 2;
  const name = stream.name === READS ? 'reads' : oneLine(stream.name, NAME_CHARS);
  const bars = stream.away.map(({ fromMs, toMs }) => {
    const from = place(scale, fromMs);
    const width = Math.max(2, Math.round((place(scale, toMs ?? scale.toMs) - from) * 10) / 10);
    return html`<rect class="s-bad" x="${from}" y="${y - 4}" width="${width}" height="8" />`;
  });
  return html`<line class="t-row" x1="${LEFT}" x2="${LEFT + scale.width}" y1="${top}" y2="${top}" /><text
      class="t-label"
      x="${LEFT - 12}"
      y="${y + 4}"
      text-anchor="end"
      >${name} out</text
    >${bars}<text class="t-value" x="${WIDTH - RIGHT + 12}" y="${y + 4}">${lengthOf(stream)}</text>`;
}

function window(trial: FailoverRecord, scale: Scale, bottom: number): Html {
  const { fromMs, toMs } = outageWindow(trial);
  const from = place(scale, fromMs);
  const to = place(scale, toMs ?? scale.toMs);
  const name = trial.requests === undefined ? 'RTO' : 'failures for';
  const label = trial.rto === null ? withoutRto(trial) : `${name} ${secondsOf(trial.rto.hiMs)}`;
  const middle = (from + to) / 2;
  // A short outage has no room for its label inside: it stands to the right.
  const narrow = to - from < 110;
  return html`<rect
      class="s-window"
      x="${from}"
      y="${STRIP_TOP}"
      width="${Math.max(1, to - from)}"
      height="${bottom - STRIP_TOP}"
    /><path class="t-bracket" d="M${from} ${STRIP_TOP - 2}v-5H${to}v5" /><text
      class="t-strong"
      x="${narrow ? to + 6 : middle}"
      y="${narrow ? STRIP_TOP - 3 : STRIP_TOP - 11}"
      text-anchor="${narrow ? 'start' : 'middle'}"
      >${label}</text
    >`;
}

/** A row of its own: the time in which the service should be back by its live settings. */
function expectedRow(trial: FailoverRecord, scale: Scale, top: number): Html | null {
  const { expectedWindowMs: span } = trial;
  if (span === null) return null;
  const y = top + ROW / 2;
  const from = place(scale, span.loMs);
  const to = place(scale, span.hiMs);
  const flagged = trial.outsideExpected === 'slower' || trial.outsideExpected === 'faster';
  return html`<line class="t-row" x1="${LEFT}" x2="${LEFT + scale.width}" y1="${top}" y2="${top}" /><text
      class="t-label"
      x="${LEFT - 12}"
      y="${y + 4}"
      text-anchor="end"
      >expected</text
    ><rect
      class="t-expected"
      x="${from}"
      y="${y - 4}"
      width="${Math.max(2, Math.round((to - from) * 10) / 10)}"
      height="8"
    /><text class="${flagged ? 't-alarm' : 't-value'}" x="${WIDTH - RIGHT + 12}" y="${y + 4}"
      >${secondsOf(span.loMs)} – ${secondsOf(span.hiMs)}</text
    >`;
}

/** The line of the goal; null if the goal is outside of the axis (the bar above the timeline shows it in any case). */
function goalLine(goalSeconds: number | null, scale: Scale, bottom: number): Html | null {
  if (goalSeconds === null || goalSeconds * 1000 > scale.toMs) return null;
  const x = place(scale, goalSeconds * 1000);
  return html`<line class="t-goal" x1="${x}" x2="${x}" y1="${STRIP_TOP}" y2="${bottom}" /><text
      class="t-note"
      x="${x + 4}"
      y="${bottom - 6}"
      >goal</text
    >`;
}

function grid(scale: Scale, bottom: number): Html {
  const step = stepOf((scale.toMs - scale.fromMs) / 1000);
  return html`${multiples(scale.fromMs, scale.toMs, step).map((tick) => {
    const x = place(scale, tick * 1000);
    return html`<line
        class="${tick === 0 ? 't-zero' : 't-grid'}"
        x1="${x}"
        x2="${x}"
        y1="${STRIP_TOP}"
        y2="${bottom}"
      /><text class="t-tick" x="${x}" y="${bottom + 16}" text-anchor="middle"
        >${tick === 0 ? 'fault' : `${tick > 0 ? '+' : '−'}${Math.abs(tick)} s`}</text
      >`;
  })}`;
}

/** A step of 1, 2 or 5 times a power of ten that gives about eight ticks. */
function stepOf(seconds: number): number {
  const rough = seconds / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return Math.max(1, (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power);
}

function phaseRow(phase: Phase, scale: Scale, top: number): Html {
  const y = top + ROW / 2;
  const seen = phase.atMs === null ? 'not seen' : secondsOf(phase.atMs);
  // The landing is proved at 0 and may have been earlier, never later.
  const sign = phase.name === 'landed' ? '−' : '±';
  const error = phase.atMs === null ? '' : ` ${sign} ${duration(phase.errorMs)}`;
  return html`<line class="t-row" x1="${LEFT}" x2="${LEFT + scale.width}" y1="${top}" y2="${top}" /><text
      class="t-label"
      x="${LEFT - 12}"
      y="${y + 4}"
      text-anchor="end"
      >${phase.name}</text
    >${mark(phase, scale, y)}<text
      class="${phase.atMs === null ? 't-note' : 't-value'}"
      x="${WIDTH - RIGHT + 12}"
      y="${y + 4}"
      >${seen}<tspan class="t-note">${error}</tspan></text
    >`;
}

function mark(phase: Phase, scale: Scale, y: number): Html | null {
  if (phase.atMs === null) return null;
  if (phase.atMs > scale.toMs) {
    const x = scale.left + scale.width - 4;
    return html`<path class="t-far" d="M${x - 22} ${y}h18m-5 -4l5 4l-5 4" />`;
  }
  const from = place(scale, phase.atMs - phase.errorMs);
  const to = place(scale, phase.atMs + (phase.name === 'landed' ? 0 : phase.errorMs));
  const bar = html`<path class="t-error" d="M${from} ${y - 4}v8M${from} ${y}H${to}M${to} ${y - 4}v8" />`;
  return html`${phase.errorMs > 0 && bar}<circle
      class="t-dot"
      cx="${place(scale, phase.atMs)}"
      cy="${y}"
      r="4"
    />`;
}

/** How much of the goal the outage used: a bar against its goal. As in the verdict, it is over where all of the interval is. */
export function budget(trial: FailoverRecord, goalSeconds: number, label: string): Html {
  const { rto } = trial;
  const goalMs = goalSeconds * 1000;
  const never = summaryOf([trial]).worstRto === null;
  const over = never || (rto !== null && rto.loMs > goalMs);
  const usedMs = rto?.hiMs ?? 0;
  const end = Math.max(goalMs, never ? goalMs * 1.15 : usedMs) * 1.04;
  const width = 1000;
  const used = never ? width : Math.round((usedMs / end) * width);
  const goal = Math.round((goalMs / end) * width);
  return html`<figure class="budget">
    <figcaption>
      <span>${label}</span>
      <strong class="${over ? 'v-fail' : ''}">${shareText(trial, goalSeconds)}</strong>
    </figcaption>
    <svg viewBox="0 0 ${width} 18" preserveAspectRatio="none" aria-hidden="true">
      <rect class="b-back" y="4" width="${goal}" height="10" />
      <rect class="${over ? 'b-over' : 'b-used'}" y="4" width="${used}" height="10" />
      <rect class="b-goal" x="${goal - 2}" y="0" width="4" height="18" />
    </svg>
  </figure>`;
}

function shareText(trial: FailoverRecord, goalSeconds: number): string {
  if (trial.rto === null) return withoutRto(trial);
  const { loMs, hiMs } = trial.rto;
  const over = loMs > goalSeconds * 1000 ? ' (over)' : '';
  return `${secondsOf(hiMs)} of ${goalSeconds} s, ${Math.round(hiMs / goalSeconds / 10)} % of the goal${over}`;
}
