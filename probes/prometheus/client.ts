import type { Series } from '../../reports/record/telemetry/objective.ts';
import {
  alertmanagersData,
  buildData,
  metadataData,
  opened,
  rulesData,
  seriesData,
  seriesOf,
  storesData,
  targetsData,
} from './answers.ts';
import type { RuleGroup, Target } from './answers.ts';
import { shapedAs, SignalClient, SignalError } from '../signals/index.ts';
import type { SignalAddress } from '../signals/index.ts';

/** Default limit for one answer, bytes. */
const MAX_BYTES = 64 << 20;
/** What any server of VictoriaMetrics answers, with 400, to a path that it does not have (lib/httpserver). */
const OF_VICTORIA = /unsupported path requested/;

export interface PrometheusOptions extends SignalAddress {
  /** Time for one answer, ms. */
  deadlineMs: number;
  maxBytes?: number;
}

export interface Question {
  signal?: AbortSignal | undefined;
}

/**
 * Client of the HTTP API of one Prometheus. Every method rejects with a SignalError, or, when the caller aborts,
 * with the reason of the signal. It does not retry. It keeps its connections until it is closed.
 */
export class PrometheusClient {
  readonly #options: PrometheusOptions;
  readonly #client: SignalClient;

  constructor(options: PrometheusOptions) {
    this.#options = options;
    this.#client = new SignalClient(options);
  }

  /** Closes the connections; a later query opens a new one. */
  close(): void {
    this.#client.close();
  }

  /** An instant query. @param atMs wall clock ms; now when left out */
  async query(query: string, question: Question & { atMs?: number } = {}): Promise<Series[]> {
    return seriesOf(await this.#instant(query, question), query);
  }

  async #instant(query: string, question: Question & { atMs?: number }): Promise<unknown> {
    const form = new URLSearchParams({ query });
    if (question.atMs !== undefined) form.set('time', seconds(question.atMs));
    return await this.#data('/api/v1/query', form, question);
  }

  /**
   * The raw samples of a selector with their own times. They show gaps and counter resets, which a range query hides: it repeats a
   * sample for up to five minutes.
   * @param selector a selector without a range, `name{label="value"}`
   * @param partMs time range of one query, ms
   * @param histograms whether native histograms are samples, too, without a number: where only times matter. Default: they are left out.
   */
  async samples(
    selector: string,
    {
      fromMs,
      toMs,
      partMs = 3_600_000,
      histograms = false,
      ...question
    }: Question & { fromMs: number; toMs: number; partMs?: number; histograms?: boolean },
  ): Promise<Series[]> {
    const parts: Series[][] = [];
    for (let start = fromMs; start < toMs; start += partMs) {
      const end = Math.min(toMs, start + partMs);
      const range = `${selector}[${Math.max(1, Math.ceil(end - start))}ms]`;
      const data = await this.#instant(range, { ...question, atMs: end });
      parts.push(seriesOf(data, range, { histograms }));
    }
    return joined(parts);
  }

  /** Active scrape targets, with the result of their last scrape. */
  async targets(question: Question = {}): Promise<Target[]> {
    const path = '/api/v1/targets?state=active';
    return shapedAs(targetsData, await this.#data(path, undefined, question), path).activeTargets;
  }

  /** Its rules, by group. */
  async rules(question: Question = {}): Promise<RuleGroup[]> {
    const path = '/api/v1/rules';
    return shapedAs(rulesData, await this.#data(path, undefined, question), path).groups;
  }

  /**
   * Addresses of the Alertmanagers that it sends alerts to; null: it is another server, which has no such question: Mimir, Thanos or VictoriaMetrics.
   * @throws SignalError as for any question, also where a proxy does not let this one through
   */
  async alertmanagers(question: Question = {}): Promise<string[] | null> {
    const path = '/api/v1/alertmanagers';
    try {
      const data = await this.#data(path, undefined, question);
      return shapedAs(alertmanagersData, data, path).activeAlertmanagers.map(({ url }) => url);
    } catch (error) {
      if (error instanceof SignalError && (await this.#isAnother(error, question))) return null;
      throw error;
    }
  }

  /** Whether a server that does not know a path of Prometheus says that it is another one. */
  async #isAnother({ status, message }: SignalError, question: Question): Promise<boolean> {
    if (status === 400) return OF_VICTORIA.test(message);
    if (status !== 404) return false;
    const build = buildData.safeParse(await this.#ifAny('/api/v1/status/buildinfo', question));
    if (build.success) return !/prometheus/i.test(build.data.application);
    return storesData.safeParse(await this.#ifAny('/api/v1/stores', question)).success;
  }

  /** The data of an answer; null: there is none. */
  async #ifAny(path: string, question: Question): Promise<unknown> {
    try {
      return await this.#data(path, undefined, question);
    } catch (error) {
      if (error instanceof SignalError) return null;
      throw error;
    }
  }

  /** Labels of the series that match any of the selectors within a window. */
  async series(
    selectors: readonly string[],
    question: Question & { fromMs: number; toMs: number },
  ): Promise<Record<string, string>[]> {
    const form = new URLSearchParams(selectors.map((selector): [string, string] => ['match[]', selector]));
    form.set('start', seconds(question.fromMs));
    form.set('end', seconds(question.toMs));
    return shapedAs(seriesData, await this.#data('/api/v1/series', form, question), selectors.join(', '));
  }

  /** Whether a target describes a metric; null: the server keeps no descriptions, as Mimir and VictoriaMetrics may. What was written remotely has none. */
  async described(question: Question = {}): Promise<((metric: string) => boolean) | null> {
    const path = '/api/v1/metadata?limit_per_metric=1';
    const found = shapedAs(metadataData, await this.#data(path, undefined, question), path);
    const families = new Set(Object.keys(found));
    // OpenMetrics describes a family without the endings of its series.
    const isOne = (metric: string): boolean =>
      families.has(metric) || families.has(metric.replace(/_(?:total|count|sum|bucket)$/, ''));
    return families.size === 0 ? null : isOne;
  }

  async #data(path: string, form: URLSearchParams | undefined, question: Question): Promise<unknown> {
    const { deadlineMs, maxBytes = MAX_BYTES } = this.#options;
    const bounds = { deadlineMs, maxBytes, signal: question.signal };
    const answer = await this.#client.ask({ path, form }, bounds);
    const what = `${this.#client.url}${path}${askedText(form)}`;
    const { data, warnings } = opened(answer, what);
    if (warnings.length > 0)
      throw new SignalError(`${what}: ${warningText(warnings)}`, {
        reason: 'partial',
        status: answer.status,
      });
    return data;
  }
}

/** Warnings of the evaluation, such as samples that a query could not use, and what else was to be said of it. */
const OF_QUERY = /^PromQL warning:|\bannotations omitted$/;

function warningText(warnings: readonly string[]): string {
  const isOfQuery = warnings.every((one) => OF_QUERY.test(one));
  return `${isOfQuery ? 'the answer has warnings' : 'the answer is partial'}: ${warnings.join('; ')}`;
}

function askedText(form: URLSearchParams | undefined): string {
  if (form === undefined) return '';
  return ` (${form.get('query') ?? form.getAll('match[]').join(', ')})`;
}

/** Unix seconds with milliseconds. */
const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/** Each series once, in ascending order; a point that two parts share is kept once. */
function joined(parts: readonly Series[][]): Series[] {
  const found = new Map<string, Series>();
  for (const { labels, points } of parts.flat()) {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const before = found.get(key);
    const last = before?.points.at(-1)?.[0] ?? -Infinity;
    if (before === undefined) found.set(key, { labels, points: [...points] });
    else for (const point of points) if (point[0] > last) before.points.push(point);
  }
  return [...found.values()];
}
