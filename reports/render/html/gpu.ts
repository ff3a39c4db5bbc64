import type { GpuDetail } from '../../record/details/gpu-detail.ts';
import type { CheckResult, RunRecord } from '../../record/run-record.ts';
import type { Limits } from './limits.ts';
import { anchor, table } from './parts.ts';
import type { Column } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** The pool as each check saw it: the holders of the devices change during a run. */
export function gpuSection(record: RunRecord, limits: Limits): Html | null {
  const seen = record.checks.flatMap((check) => (check.gpu === undefined ? [] : [{ check, gpu: check.gpu }]));
  const [first] = seen;
  if (first === undefined) return null;
  const rows = seen.flatMap(({ check, gpu }) => gpu.devices.map((device) => ({ check, device })));
  const cells = ({ check, device }: (typeof rows)[number]): Cell[] => [
    html`<a href="#${anchor(check)}"><code>${check.id}</code></a>`,
    ...deviceCells(device),
  ];
  return html`<section id="gpu">
    <h2>GPU pool <small>${kindText(first.gpu)}</small></h2>
    <div class="panel">
      ${nodeTable(first.gpu, limits)}${
        rows.length > 0 &&
        someRows('Devices, by check', [{ title: 'Check' }, ...DEVICE_COLUMNS], { rows, cells, limits })
      }
    </div>
  </section>`;
}

/** The pool as one check saw it. */
export function gpuPart({ gpu }: CheckResult, limits: Limits): Html | null {
  if (gpu === undefined || gpu.nodes.length + gpu.devices.length === 0) return null;
  const { devices: rows } = gpu;
  return html`<h4>The pool <small>${kindText(gpu)}</small></h4>
    ${nodeTable(gpu, limits)}${
      rows.length > 0 && someRows('Devices', DEVICE_COLUMNS, { rows, cells: deviceCells, limits })
    }`;
}

type Cell = Html | string;

/** A table of the first rows, and how many more there are. */
function someRows<Row>(
  caption: string,
  columns: readonly Column[],
  { rows, cells, limits }: { rows: readonly Row[]; cells: (row: Row) => Cell[]; limits: Limits },
): Html {
  const left = rows.length - limits.deviceRows;
  return html`${table(caption, columns, rows.slice(0, limits.deviceRows).map(cells))}${
    left > 0 && html`<p class="note">and ${left} more in run.json</p>`
  }`;
}

const KINDS: Readonly<Record<GpuDetail['kind'], string>> = {
  whole: 'whole devices',
  mig: 'MIG instances',
  shared: 'time slices',
};

function kindText({ resource, kind, simulated }: GpuDetail): string {
  return `${resource}: ${KINDS[kind]}${simulated ? ', simulated devices' : ''}`;
}

function nodeTable({ nodes: rows }: GpuDetail, limits: Limits): Html {
  const cells = ({ node, pool, offers, requested }: GpuDetail['nodes'][number]): Cell[] => [
    html`<code>${node}</code>`,
    pool ? 'yes' : 'no',
    offers === null ? 'none' : String(offers),
    requested === null ? '–' : String(requested),
  ];
  const columns = [
    { title: 'Node' },
    { title: 'In the pool' },
    { title: 'Offers', numeric: true },
    { title: 'Requested by pods', numeric: true },
  ];
  return someRows('Nodes with devices', columns, { rows, cells, limits });
}

const DEVICE_COLUMNS = [
  { title: 'Node' },
  { title: 'Device' },
  { title: 'Pod' },
  { title: 'Busy', numeric: true },
];

function deviceCells({ node, device, pod, utilisation }: GpuDetail['devices'][number]): Cell[] {
  return [
    html`<code>${node}</code>`,
    html`<code>${device}</code>`,
    pod === null ? 'unknown' : pod === '' ? 'none' : html`<code>${pod}</code>`,
    utilisation === null ? '–' : `${Math.round(utilisation * 100)} %`,
  ];
}
