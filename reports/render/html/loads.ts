import type { LoadDetail, ScalingDetail } from '../../record/details/load-detail.ts';
import type { CheckResult } from '../../record/run-record.ts';
import { grouped, moment, secondsOf } from '../text.ts';
import { heatmap } from './charts/heatmap.ts';
import type { Limits } from './limits.ts';
import { loadChart, scalingChart } from './charts/load-chart.ts';
import { table } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** The load of a check, and how an autoscaler followed it. */
export function loadParts({ load, scaling }: CheckResult, limits: Limits): Html | null {
  if (load === undefined && scaling === undefined) return null;
  return html`<div class="load">
    ${
      scaling !== undefined &&
      html`<h4>Load, pods, latency and errors</h4>
        ${scalingChart(scaling)}${marksTable(scaling)}`
    }${
      load !== undefined &&
      html`<h4>The load</h4>
        <p class="facts">
          <span><b>Engine</b> ${load.engine}</span>
          <span><b>Script</b> <code>${load.script}</code></span>
          <span><b>Began</b> ${moment(load.startedAt)}</span>
          <span><b>Requests</b> ${grouped(load.requests)}, ${grouped(load.failed)} failed</span>
          <span><b>Iterations dropped</b> ${grouped(load.dropped)}</span>
        </p>
        ${scaling === undefined && loadChart(load)}${limits.heatmaps && heatmapPart(heatmap(load), load)}`
    }
  </div>`;
}

function heatmapPart(map: Html | null, { latencyFrom }: LoadDetail): Html | null {
  if (map === null) return null;
  const from = latencyFrom === 'sent' ? 'the sending' : 'the intended start';
  return html`<h5>
      Latency, second by second
      <small>from ${from} of each request; each stronger shade stands for three times as many requests</small>
    </h5>
    ${map}`;
}

function marksTable({ marks, derivation }: ScalingDetail): Html | null {
  if (marks.length === 0) return null;
  const words = {
    no: 'as expected',
    faster: 'FASTER than expected',
    slower: 'SLOWER than expected',
    unknown: '–',
  };
  const rows = marks.map(({ name, atMs, expected, outside }) => [
    name,
    atMs === null ? 'not seen' : secondsOf(atMs),
    expected === null ? '–' : `${secondsOf(expected.loMs)} – ${secondsOf(expected.hiMs)}`,
    words[outside],
  ]);
  const columns = [
    { title: 'What happened' },
    { title: 'Seen after', numeric: true },
    { title: 'Expected from the settings', numeric: true },
    { title: '' },
  ];
  return html`${table('What happened when', columns, rows)}${derivation !== '' && html`<p class="note">Expected from: ${derivation}.</p>`}`;
}
