import type { LoadDetail } from '../../../record/details/load-detail.ts';
import { grouped } from '../../text.ts';
import { timeAxis } from './axis.ts';
import { place } from './strip.ts';
import type { Scale } from './strip.ts';
import { html } from '../template.ts';
import type { Html } from '../template.ts';

const WIDTH = 960;
const LEFT = 132;
const RIGHT = 96;
const TOP = 8;
const ROW = 7;
const AXIS = 26;
/** Shades of a cell: each stronger one stands for about three times the requests. */
const LEVELS = 5;
const LEVELS_PER_TENFOLD = 2;

/** Requests by second and latency, stronger where there were more. A single slow request among thousands is still visible as a cell. */
export function heatmap({ heat, fromMs, stepMs, started }: LoadDetail): Html | null {
  if (heat.cells.length === 0) return null;
  const used = heat.cells.map(([, row]) => row);
  const [lowest, highest] = [Math.min(...used), Math.max(...used)];
  const rows = highest - lowest + 1;
  const bottom = TOP + rows * ROW;
  const toMs = fromMs + started.length * stepMs;
  const scale: Scale = { fromMs, toMs, left: LEFT, width: WIDTH - LEFT - RIGHT };
  const most = Math.max(...heat.cells.map(([, , count]) => count));
  const edge = (row: number): number => heat.lowestMs * heat.ratio ** row;
  const name = `Latency by second, from ${latency(edge(lowest))} to ${latency(edge(highest + 1))}; at most ${grouped(most)} requests in one cell`;
  const paths = levelPaths(heat.cells, most, ([step, row, length]) => {
    const x = place(scale, fromMs + step * stepMs);
    const width = Math.round((place(scale, fromMs + (step + length) * stepMs) - x) * 10) / 10;
    const y = TOP + (highest - row) * ROW;
    return `M${x} ${y}h${Math.max(0.5, width)}v${ROW}h-${Math.max(0.5, width)}z`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}">
    <svg class="timeline" viewBox="0 0 ${WIDTH} ${bottom + AXIS}" role="img">
      <title>${name}</title>
      ${timeAxis(scale, TOP, bottom)}${rowLabels(edge, lowest, highest)}${paths.map((path, level) => path !== '' && html`<path class="h-${level}" d="${path}" />`)}
    </svg>
  </div>`;
}

/** Labels where a decade begins, and at both ends. */
function rowLabels(edge: (row: number) => number, lowest: number, highest: number): Html[] {
  const found: Html[] = [];
  let before = Infinity;
  for (let row = lowest; row <= highest + 1; row += 1) {
    const whole = Math.abs(Math.log10(edge(row)) - Math.round(Math.log10(edge(row)))) < 1e-6;
    const y = TOP + (highest + 1 - row) * ROW;
    if (!(whole || row === lowest || row === highest + 1) || before - y < 11) continue;
    before = y;
    found.push(
      html`<text class="t-tick" x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${latency(edge(row))}</text>`,
    );
  }
  return found;
}

/** One path per shade; consecutive cells of a row are merged, which keeps the page small. */
function levelPaths(
  cells: LoadDetail['heat']['cells'],
  most: number,
  rectangle: (run: [step: number, row: number, length: number]) => string,
): string[] {
  const paths = Array.from({ length: LEVELS }, () => '');
  const levelOf = (count: number): number =>
    Math.max(0, LEVELS - 1 - Math.floor(Math.log10(most / count) * LEVELS_PER_TENFOLD + 1e-9));
  const sorted = [...cells].sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  for (let index = 0; index < sorted.length;) {
    const [step, row, count] = sorted[index] ?? [0, 0, 1];
    const level = levelOf(count);
    let length = 1;
    for (let next = sorted[index + length]; next !== undefined; next = sorted[index + length]) {
      if (next[0] !== step + length || next[1] !== row || levelOf(next[2]) !== level) break;
      length += 1;
    }
    paths[level] = (paths[level] ?? '') + rectangle([step, row, length]);
    index += length;
  }
  return paths;
}

function latency(ms: number): string {
  const shown = Number(ms.toPrecision(2));
  return shown < 1000 ? `${shown} ms` : `${shown / 1000} s`;
}
