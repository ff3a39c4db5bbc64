/** Every report of a run: pure functions of its record. */
import type { RunRecord } from './record/run-record.ts';
import { renderHtml } from './render/html.ts';
import { renderJunit } from './render/junit.ts';
import { renderMarkdown } from './render/markdown.ts';
import { renderOpenMetrics } from './render/openmetrics.ts';

export { diffRuns } from './render/diff.ts';
export { renderPrometheusText } from './render/openmetrics.ts';
export { renderTerminal } from './render/terminal.ts';

/** Formats of `plumbline report --format`, with the file that a run writes for each. */
export const REPORT_FILES = {
  html: 'report.html',
  junit: 'junit.xml',
  markdown: 'summary.md',
  openmetrics: 'metrics.prom',
} as const;
export type ReportFormat = keyof typeof REPORT_FILES;

const RENDERERS: Record<ReportFormat, (record: RunRecord) => string | Promise<string>> = {
  html: renderHtml,
  junit: renderJunit,
  markdown: renderMarkdown,
  openmetrics: renderOpenMetrics,
};

/** One report as text. A promise because prom-client answers with one; nothing is read or written. */
export async function renderFormat(record: RunRecord, format: ReportFormat): Promise<string> {
  return RENDERERS[format](record);
}

/** All reports by their file name. */
export async function renderAll(record: RunRecord): Promise<Record<string, string>> {
  const formats = Object.keys(REPORT_FILES) as ReportFormat[];
  const texts = await Promise.all(formats.map((format) => renderFormat(record, format)));
  return Object.fromEntries(formats.map((format, index) => [REPORT_FILES[format], texts[index] ?? '']));
}
