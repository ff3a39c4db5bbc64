import type { GpuDetail } from '../../record/details/gpu-detail.ts';
import type { CheckResult, RunRecord } from '../../record/run-record.ts';
import { anchor, table } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** The pool as each check saw it: the holders of the devices change during a run. */
export function gpuSection(record: RunRecord): Html | null {
  const seen = record.checks.flatMap((check) => (check.gpu === undefined ? [] : [{ check, gpu: check.gpu }]));
  const [first] = seen;
  if (first === undefined) return null;
  const rows = seen.flatMap(({ check, gpu }) =>
    gpu.devices.map((one) => [
      html`<a href="#${anchor(check)}"><code>${check.id}</code></a>`,
      ...deviceCells(one),
    ]),
  );
  return html`<section id="gpu">
    <h2>GPU pool <small>${kindText(first.gpu)}</small></h2>
    <div class="panel">
      ${nodeTable(first.gpu)}${
        rows.length > 0 && table('Devices, by check', [{ title: 'Check' }, ...DEVICE_COLUMNS], rows)
      }
    </div>
  </section>`;
}

/** The pool as one check saw it. */
export function gpuPart({ gpu }: CheckResult): Html | null {
  if (gpu === undefined || gpu.nodes.length + gpu.devices.length === 0) return null;
  const rows = gpu.devices.map(deviceCells);
  return html`<h4>The pool <small>${kindText(gpu)}</small></h4>
    ${nodeTable(gpu)}${rows.length > 0 && table('Devices', DEVICE_COLUMNS, rows)}`;
}

const KINDS: Readonly<Record<GpuDetail['kind'], string>> = {
  whole: 'whole devices',
  mig: 'MIG instances',
  shared: 'time slices',
};

function kindText({ resource, kind, simulated }: GpuDetail): string {
  return `${resource}: ${KINDS[kind]}${simulated ? ', simulated devices' : ''}`;
}

function nodeTable({ nodes }: GpuDetail): Html {
  const rows = nodes.map(({ node, pool, offers, requested }) => [
    html`<code>${node}</code>`,
    pool ? 'yes' : 'no',
    offers === null ? 'none' : String(offers),
    requested === null ? '–' : String(requested),
  ]);
  const columns = [
    { title: 'Node' },
    { title: 'In the pool' },
    { title: 'Offers', numeric: true },
    { title: 'Requested by pods', numeric: true },
  ];
  return table('Nodes with devices', columns, rows);
}

const DEVICE_COLUMNS = [
  { title: 'Node' },
  { title: 'Device' },
  { title: 'Pod' },
  { title: 'Busy', numeric: true },
];

function deviceCells({ node, device, pod, utilisation }: GpuDetail['devices'][number]): (Html | string)[] {
  return [
    html`<code>${node}</code>`,
    html`<code>${device}</code>`,
    pod === null ? 'unknown' : pod === '' ? 'none' : html`<code>${pod}</code>`,
    utilisation === null ? '–' : `${Math.round(utilisation * 100)} %`,
  ];
}
