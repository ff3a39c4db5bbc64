import type { CheckResult } from '../../record/run-record.ts';
import type { Delays } from '../../record/details/telemetry-detail.ts';
import { grouped } from '../text.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

const WIDTH = 960;
const LEFT = 132;
const HEIGHT = 96;
const TOP = 18;
const AXIS = 26;
const GAP = 6;

/** How long the telemetry that a check followed took to be seen. */
export function telemetryParts({ telemetry }: CheckResult): Html | null {
  if (telemetry === undefined) return null;
  return html`<div class="load">
    ${telemetry.delays.filter(({ samples }) => samples > 0).map(histogram)}
  </div>`;
}

/** Bars of equal width: the bins grow with the delay. */
function histogram({ name, samples, p50Ms, p99Ms, maxMs, edgesMs, counts }: Delays): Html {
  const title = `Delay of ${grouped(samples)} ${name}: p50 ${msText(p50Ms)}, p99 ${msText(p99Ms)}, longest ${msText(maxMs)}`;
  const most = Math.max(1, ...counts);
  const width = (WIDTH - LEFT) / counts.length;
  const bars = counts.map((count, index) => {
    const x = Math.round(LEFT + index * width);
    // At least 2 px, so that a single sample stays visible.
    const height = count === 0 ? 0 : Math.max(2, Math.round((count / most) * HEIGHT));
    const base = TOP + HEIGHT;
    const edge = edgesMs[index];
    const label = edge === undefined ? 'more' : `≤ ${edgeText(edge)}`;
    return html`<rect
        class="b-used"
        x="${x}"
        y="${base - height}"
        width="${Math.round(width - GAP)}"
        height="${height}"
      /><text class="t-tick" x="${x + Math.round((width - GAP) / 2)}" y="${base + 16}" text-anchor="middle"
        >${label}</text
      >${
        count > 0 &&
        html`<text
          class="t-note"
          x="${x + Math.round((width - GAP) / 2)}"
          y="${base - height - 4}"
          text-anchor="middle"
          >${grouped(count)}</text
        >`
      }`;
  });
  return html`<h4>Delay until seen: ${name}</h4>
    <p class="facts">
      <span><b>Seen</b> ${grouped(samples)}</span><span><b>p50</b> ${msText(p50Ms)}</span
      ><span><b>p99</b> ${msText(p99Ms)}</span><span><b>Longest</b> ${msText(maxMs)}</span>
    </p>
    <div class="scroll" tabindex="0" role="region" aria-label="${title}">
      <svg class="timeline" viewBox="0 0 ${WIDTH} ${TOP + HEIGHT + AXIS}" role="img">
        <title>${title}</title>
        <text class="t-label" x="${LEFT - 12}" y="${TOP + HEIGHT / 2 + 4}" text-anchor="end">${name}</text>
        <line
          class="s-line"
          x1="${LEFT}"
          x2="${WIDTH}"
          y1="${TOP + HEIGHT + 0.5}"
          y2="${TOP + HEIGHT + 0.5}"
        />
        ${bars}
      </svg>
    </div>`;
}

function msText(ms: number | null): string {
  return ms === null ? '–' : `${grouped(ms)} ms`;
}

function edgeText(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}
