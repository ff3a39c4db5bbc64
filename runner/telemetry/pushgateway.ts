import { renderPrometheusText } from '../../reports/index.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';

const JOB = 'plumbline';
/** Of a selection of checks without a profile. */
const NO_PROFILE = 'none';
/** Of an answer that is not good, characters. */
const SAID = 200;

/**
 * Puts the metrics of a run into a Pushgateway (its documented API: PUT replaces all of the group). The group is the environment and the
 * profile, both names of the environment file, so that a drill takes nothing away from what the last nightly run said; no run id is in it.
 * @throws Error when they were not taken, or not within the time: nothing is sent again
 */
export async function pushMetrics(
  record: RunRecord,
  { url, timeoutMs }: { url: string; timeoutMs: number },
): Promise<void> {
  const answer = await fetch(groupUrl(url, record), {
    method: 'PUT',
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: await renderPrometheusText(record),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${said.trim().slice(0, SAID)}`.trim());
}

export function groupUrl(base: string, { environment, profile }: RunRecord): string {
  const group = { job: JOB, environment: environment.name, profile: profile ?? NO_PROFILE };
  const path = Object.entries(group).map(([name, value]) => segment(name, value));
  return `${base.replace(/\/+$/, '')}/metrics/${path.join('/')}`;
}

/** A value with a slash goes as base64url, with a mark at its name. */
function segment(name: string, value: string): string {
  return value.includes('/')
    ? `${name}@base64/${Buffer.from(value).toString('base64url')}`
    : `${name}/${encodeURIComponent(value)}`;
}
