import { askFailureOf, askText } from '../../probes/asking.ts';
import type { AskFailure } from '../../probes/asking.ts';
import { AlertmanagerProbe } from '../../probes/alerts/alertmanager.ts';
import { GrafanaProbe } from '../../probes/dashboards/grafana.ts';
import { askKibana } from '../../probes/dashboards/kibana.ts';
import { logProbe } from '../../probes/logs/index.ts';
import { PrometheusClient } from '../../probes/prometheus/index.ts';
import { insteadOf, SignalError } from '../../probes/signals/index.ts';
import type { SignalAddress, SignalBounds } from '../../probes/signals/index.ts';
import { traceProbe } from '../../probes/traces/index.ts';
import { askOnce } from '../../host/http.ts';
import type {
  AlertSettings,
  DashboardSettings,
  Environment,
  LogSettings,
  TraceSettings,
} from '../../env/schema.ts';
import { addressOf } from '../ask/telemetry/sources.ts';
import type { Declared } from '../ask/telemetry/sources.ts';
import { askedBy, SENT } from './asked.ts';
import { tlsAdvice } from './expiry.ts';
import { missing, notNeeded, NOT_REACHED, ok, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Prometheus, logs, traces, alerts, dashboards, and where a run sends its own trace and metrics. */
export const sources: Kind = { name: 'telemetry', look };

/** One server that is asked over HTTP, and how. */
interface Source {
  /** The key in the environment file. */
  key: string;
  declared: Declared;
  /** A path below `url` that its API has, for finding out what else answers there. */
  path: string;
  /** A question that changes nothing. @returns what it said @throws Error */
  ask(address: SignalAddress, bounds: SignalBounds): Promise<string>;
}

/** An id of a trace that nobody made. */
const NO_TRACE = '00000000000000000000000000000001';
/** A correlation id and an alert that nobody made. */
const NOTHING = 'plumbline-doctor';

async function look(situation: Situation): Promise<Item[]> {
  const asked = askedBy(situation);
  const declared = SOURCES.flatMap((of) => of(situation.environment) ?? []);
  const found = declared.map(async (source) => {
    if (!asked(source.key)) return notAsked(source, situation);
    return itemOf(source, situation);
  });
  return Promise.all(found);
}

/** A read-only run asks less than others: that nobody knows whether it answers is worth a line. */
function notAsked(source: Source, { environment }: Situation): Item {
  if (environment.readOnly !== true) return notNeeded(textOf(source), 'no planned check asks it');
  if (SENT.has(source.key)) return notNeeded(textOf(source), 'a read-only run sends nothing there');
  const detail = 'no check of this read-only run asks it: whether it answers was not tried';
  return { ...notNeeded(textOf(source), detail), notice: true };
}

const SOURCES: readonly ((environment: Environment) => Source | undefined)[] = [
  ({ prometheus: declared }) =>
    declared && { key: 'prometheus', declared, path: '/api/v1/query?query=up', ask: askPrometheus },
  ({ telemetry, application }) =>
    telemetry?.logs && logsSource(telemetry.logs, application?.follow === 'trace'),
  ({ telemetry }) => telemetry?.traces && tracesSource(telemetry.traces),
  ({ telemetry }) => telemetry?.alerts && alertsSource(telemetry.alerts),
  ({ telemetry }) => telemetry?.dashboards && dashboardsSource(telemetry.dashboards),
  ({ telemetry }) => {
    const declared = telemetry?.dashboards?.kibana;
    const ask: Source['ask'] = async (address, bounds) => (await askKibana(address, bounds)).detail;
    return declared && { key: 'telemetry.dashboards.kibana', declared, path: '/api/status', ask };
  },
  ({ telemetry }) => {
    const declared = telemetry?.otlp;
    return declared && { key: 'telemetry.otlp', declared, path: '/', ask: askOtlp };
  },
  ({ telemetry }) => {
    const declared = telemetry?.pushgateway;
    const path = '/api/v1/status';
    const ask: Source['ask'] = (address, bounds) => accepted(address, { path }, bounds);
    return declared && { key: 'telemetry.pushgateway', declared, path, ask };
  },
];

/** @param isTraced lines of requests are found by their trace ids, under a declared name */
function logsSource(declared: LogSettings, isTraced: boolean): Source {
  const byTrace = isTraced && declared.fields.traceId !== undefined;
  const ask: Source['ask'] = (address, bounds) =>
    closing(logProbe(declared, address), async (probe) => {
      const now = Date.now();
      const window = { fromMs: now - 60_000, toMs: now, most: 1 };
      await probe.search({ ...window, pod: { namespace: NOTHING, name: NOTHING } }, bounds);
      await probe.search({ ...window, correlationId: NOTHING }, bounds);
      if (byTrace) await probe.search({ ...window, traceId: NO_TRACE }, bounds);
      return `answers a search by pod and by correlation id${byTrace ? ', and by trace id' : ''}`;
    });
  return { key: 'telemetry.logs', declared, path: '/', ask };
}

function tracesSource(declared: TraceSettings): Source {
  const ask: Source['ask'] = (address, bounds) =>
    closing(traceProbe(declared, address), async (probe) => {
      await probe.byIds([NO_TRACE], bounds);
      return 'answers a search for a trace';
    });
  return { key: 'telemetry.traces', declared, path: '/', ask };
}

function alertsSource(declared: AlertSettings): Source {
  const ask: Source['ask'] = (address, bounds) =>
    closing(new AlertmanagerProbe(address), async (probe) => {
      await probe.active({ alertname: NOTHING }, bounds);
      return 'answers with its alerts';
    });
  return { key: 'telemetry.alerts', declared, path: '/api/v2/alerts', ask };
}

function dashboardsSource(declared: DashboardSettings): Source {
  const wanted = declared.declared;
  const ask: Source['ask'] = (address, bounds) =>
    closing(new GrafanaProbe(address), async (probe) => {
      const { detail } = await probe.health(bounds);
      for (const { uid } of wanted)
        if (!(await probe.dashboard(uid, bounds)).found)
          throw new Error(`it has no dashboard ${uid}, or hides it from this account`);
      const sources = await probe.dataSources(bounds);
      if (sources.length === 0)
        throw new Error(
          'it shows this account no data source: there is none, or datasources:read is missing',
        );
      const [mute] = sources.filter(({ isUnanswered }) => isUnanswered === true);
      if (mute !== undefined) throw new Error(`data source ${mute.name}: ${mute.detail}`);
      const asked = sources.filter(({ ok }) => ok !== null).length;
      return `${detail}; declared dashboards that are there: ${wanted.length}; data sources that it can ask: ${asked} of ${sources.length}`;
    });
  return { key: 'telemetry.dashboards', declared, path: '/api/health', ask };
}

async function closing<P extends { close(): void }>(
  probe: P,
  work: (probe: P) => Promise<string>,
): Promise<string> {
  try {
    return await work(probe);
  } finally {
    probe.close();
  }
}

/** Series of `up` come from every target that it scrapes: one that shows none belongs to somebody else, or scrapes nothing. */
async function askPrometheus(address: SignalAddress, { deadlineMs, signal }: SignalBounds): Promise<string> {
  return closing(new PrometheusClient({ ...address, deadlineMs }), async (client) => {
    const [count] = await client.query('count(up)', { signal });
    const targets = count?.points.at(-1)?.[1] ?? 0;
    if (targets > 0) return `answers; it scrapes ${targets} targets`;
    throw new Error('it answers, and has no series `up`: another tenant, or it scrapes nothing');
  });
}

/** An export without spans is valid, and stores nothing (OTLP 1.5, "OTLP/HTTP Request"). */
function askOtlp(address: SignalAddress, bounds: SignalBounds): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ resourceSpans: [] });
  return accepted(address, { path: '/v1/traces', method: 'POST', headers, body }, bounds);
}

async function accepted(
  address: SignalAddress,
  question: Parameters<typeof askOnce>[1],
  bounds: SignalBounds,
): Promise<string> {
  const { status, text } = await askOnce(address, question, bounds);
  if (status >= 200 && status <= 299) return `accepts (${status})`;
  throw Object.assign(new Error(`status ${status}: ${shortened(text)}`), { status });
}

function textOf({ key, declared: { url } }: Source): string {
  return `${key} at ${url}`;
}

async function itemOf(source: Source, { reached, deadlineMs, signal }: Situation): Promise<Item> {
  const what = textOf(source);
  if (reached === null) return unknown(what, NOT_REACHED);
  let address: SignalAddress;
  try {
    address = await addressOf(reached, source.declared);
    // As a run sends it.
    if (SENT.has(source.key)) address = { ...address, proxied: false };
  } catch (error) {
    return unknown(what, `not asked: ${errorText(error)}`);
  }
  const bounds = { deadlineMs, signal };
  try {
    return ok(what, await source.ask(address, bounds));
  } catch (error) {
    signal.throwIfAborted();
    const { key } = source;
    const instead = await answersInstead(address, source.path, bounds);
    // Something answers, so that nothing of the connection or the account is to be explained.
    const said =
      instead === null
        ? askText(error, { ca: `${key}.trust`, name: `the host of ${key}.url` })
        : errorText(error);
    const detail = instead === null || said.includes(instead) ? said : `${instead}: ${said}`;
    // A store in which nothing has come yet answers so, too: the first canary shows it.
    if (error instanceof SignalError && error.reason === 'absent')
      return { ...ok(what, `it answers, and ${detail}`), notice: true };
    return missing(what, detail, tlsAdvice(error, adviceOf(key, askFailureOf(error), instead)));
  }
}

/** What else answers at an address, where it is no API; null: nothing that is known. Never throws. */
async function answersInstead(
  address: SignalAddress,
  path: string,
  bounds: SignalBounds,
): Promise<string | null> {
  try {
    const { status, headers, text } = await askOnce(address, { path }, bounds);
    return insteadOf({ status, location: String(headers['location'] ?? ''), text });
  } catch {
    return null; // What the probe said of it is all that is known.
  }
}

function adviceOf(key: string, { cause }: AskFailure, instead: string | null): string {
  if (instead !== null)
    return `${key}.url of the API itself, past the login page or of one tenant, and a token or an account that it takes`;
  if (cause === 'credentials')
    return `${key}.token, or ${key}.user and ${key}.password, of an account that may read`;
  if (cause === 'tls')
    return `${key}.trust: the authority that signs its certificate; ${key}.url with a name that it holds`;
  return `${key} as the server is: url as this machine reaches it, and what is declared to be there`;
}

function shortened(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}
