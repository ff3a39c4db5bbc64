import { askEdge } from '../../../probes/edge/ask.ts';
import type { HttpEndpoint } from '../../../probes/edge/connection.ts';
import { renderPrometheusText } from '../../../reports/index.ts';
import type { RunRecord } from '../../../reports/record/run-record.ts';

const JOB = 'plumbline';
/** Profile of a selection of checks: it must not replace the metrics of a whole run of its profile. */
const NO_PROFILE = 'none';
/** Characters quoted of an error answer. */
const SAID = 200;

export interface PushOptions {
  /** Base of its HTTP API. */
  url: string;
  endpoint: HttpEndpoint;
  /** With the account, where there is one. */
  headers: Record<string, string>;
  timeoutMs: number;
}

/**
 * Puts the metrics of a run into a Pushgateway (its documented API: PUT replaces the whole group). The group is the environment and the
 * profile, without a run id; so a drill does not replace the metrics of the last nightly run.
 * @throws Error when they were not accepted, or not in time: there is no retry
 */
export async function pushMetrics(
  record: RunRecord,
  { url, endpoint, headers, timeoutMs }: PushOptions,
): Promise<void> {
  const type = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
  const question = {
    method: 'PUT',
    url: new URL(groupUrl(url, record)),
    headers: { ...headers, ...type },
    text: await renderPrometheusText(record),
  } as const;
  const { status, text } = await askEdge(endpoint, question, { deadlineMs: timeoutMs });
  if (status < 200 || status > 299) throw new Error(`${status} ${text.trim().slice(0, SAID)}`.trim());
}

export function groupUrl(base: string, { environment, profile, scope }: RunRecord): string {
  const whole = scope === 'profile' ? profile : null;
  const group = { job: JOB, environment: environment.name, profile: whole ?? NO_PROFILE };
  const path = Object.entries(group).map(([name, value]) => segment(name, value));
  return `${base.replace(/\/+$/, '')}/metrics/${path.join('/')}`;
}

/** A value with a slash is sent as base64url, which the name's suffix says. */
function segment(name: string, value: string): string {
  return value.includes('/')
    ? `${name}@base64/${Buffer.from(value).toString('base64url')}`
    : `${name}/${encodeURIComponent(value)}`;
}
