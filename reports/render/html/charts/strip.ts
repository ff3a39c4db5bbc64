import type { FailoverRecord } from '../../../record/run-record.ts';
import { withoutRto } from '../../text.ts';
import { html } from '../template.ts';
import type { Html } from '../template.ts';

/** Width of a bin of the strip, ms (run-record.ts). */
export const BIN_MS = 100;

export interface Scale {
  fromMs: number;
  toMs: number;
  left: number;
  width: number;
}

/** Position of a time on the axis, cut to its ends. */
export function place(scale: Scale, ms: number): number {
  const share = (ms - scale.fromMs) / (scale.toMs - scale.fromMs);
  return Math.round((scale.left + Math.min(1, Math.max(0, share)) * scale.width) * 10) / 10;
}

/**
 * Bars of one height per run of equal bins, as a single path: a strip costs bytes by its changes, not by its length.
 * `heightOf` gives a bar's height in px, signed: positive bars stand on `base`, negative ones hang from it.
 */
function bars(
  strip: FailoverRecord['strip'],
  scale: Scale,
  base: number,
  heightOf: (bin: FailoverRecord['strip'][number]) => number,
): string {
  let path = '';
  let runFrom = 0;
  let runTo = 0;
  let runHeight = 0;
  const flush = (): void => {
    if (runHeight === 0) return;
    const from = place(scale, runFrom);
    const width = Math.round((place(scale, runTo) - from) * 10) / 10;
    if (width > 0) path += `M${from} ${base}v${-runHeight}h${width}v${runHeight}z`;
  };
  for (const bin of strip) {
    const height = Math.round(heightOf(bin));
    if (height !== runHeight || bin[0] - runTo > 1) {
      flush();
      runFrom = bin[0];
      runHeight = height;
    }
    runTo = bin[0] + BIN_MS;
  }
  flush();
  return path;
}

/** Successes that a full bar stands for: the median, because the burst after an outage would flatten all other bars. */
function fullBin(strip: FailoverRecord['strip']): number {
  const counts = strip
    .map((bin) => bin[1])
    .filter((ok) => ok > 0)
    .sort((a, b) => a - b);
  return counts[Math.floor(counts.length / 2)] ?? 1;
}

/** Successful operations stand on the line, all others hang from it, so that the chart can be read without colour. */
export function stripBars(strip: FailoverRecord['strip'], scale: Scale, base: number, height: number): Html {
  const full = fullBin(strip);
  const depth = height * 0.45;
  // Rounded to quarters, so that the ordinary jitter of a rate does not make a bar of its own.
  const okHeight = (ok: number): number => (Math.ceil(Math.min(1, ok / full) * 4 - 0.3) / 4) * height;
  const ok = bars(strip, scale, base, (bin) => (bin[1] === 0 ? 0 : Math.max(height / 4, okHeight(bin[1]))));
  const bad = bars(strip, scale, base + 1, (bin) =>
    bin[2] === 0 ? 0 : -Math.max(4, Math.min(1, bin[2] / full) * depth),
  );
  return html`<path class="s-ok" d="${ok}" /><path class="s-bad" d="${bad}" />`;
}

/**
 * The outage whose length is the RTO, in ms since the fault landed. It ends where the steady stretch begins and may begin
 * later than the fault. `toMs` is null for an outage without an end: it is drawn to the end of the axis.
 */
export function outageWindow(trial: FailoverRecord): { fromMs: number; toMs: number | null } {
  if (trial.rto === null) return { fromMs: trial.outages.at(-1)?.lastOkMs ?? 0, toMs: null };
  const steady = trial.phases.find((phase) => phase.name === 'steady')?.atMs;
  const toMs = steady ?? trial.rto.hiMs;
  return { fromMs: toMs - trial.rto.hiMs, toMs };
}

/** The small strip of a row in the table of trials. */
export function miniStrip(trial: FailoverRecord, scale: Scale): Html {
  const { fromMs, toMs } = outageWindow(trial);
  const from = place(scale, fromMs);
  const end = toMs ?? scale.toMs;
  const label = trial.rto === null ? withoutRto(trial) : `outage of ${Math.round(trial.rto.hiMs)} ms`;
  return html`<svg class="mini" viewBox="0 0 ${scale.width} 22" role="img" aria-label="${label}">
    <rect class="s-window" x="${from}" y="0" width="${Math.max(1, place(scale, end) - from)}" height="22" />
    ${stripBars(trial.strip, scale, 14, 12)}
  </svg>`;
}
