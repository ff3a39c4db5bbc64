/** The data source of the dashboards: sends queries to Prometheus as Grafana's backend does, and converts the answers to data frames. */

/** One query of a panel, as the page sends it. */
export interface PanelQuery {
  readonly refId: string;
  readonly expr: string;
  /** Query only the newest value instead of a range. */
  readonly instant: boolean;
}

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Frame {
  readonly schema: { readonly refId: string; readonly fields: readonly unknown[] };
  /** Times in ms, and values; null for a value that JSON has no number for (NaN, Inf). */
  readonly data: { readonly values: readonly [readonly number[], readonly (number | null)[]] };
}

export interface SourceHealth {
  readonly status: 'OK' | 'ERROR';
  readonly message: string;
}

interface PrometheusSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** Shorter than a browser's timeout for the whole page. */
const ANSWER_MS = 5_000;
const POINTS = 60;

export class PrometheusSource {
  readonly uid = 'prometheus';
  readonly name = 'Prometheus';
  readonly type = 'prometheus';
  readonly #url: string;

  /** @param url base address of Prometheus' HTTP API */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /** The health check of Grafana's Prometheus plugin: evaluates 1+1. */
  async health(): Promise<SourceHealth> {
    try {
      await this.#ask('/api/v1/query', { query: '1+1' });
      return { status: 'OK', message: 'Successfully queried the Prometheus API.' };
    } catch (error) {
      return { status: 'ERROR', message: messageOf(error) };
    }
  }

  /** @throws Error with the error of Prometheus or of the connection */
  async query({ refId, expr, instant }: PanelQuery, { fromMs, toMs }: Window): Promise<Frame[]> {
    const toSeconds = String(toMs / 1000);
    const step = String(Math.max(1, Math.round((toMs - fromMs) / 1000 / POINTS)));
    const series = instant
      ? await this.#ask('/api/v1/query', { query: expr, time: toSeconds })
      : await this.#ask('/api/v1/query_range', {
          query: expr,
          start: String(fromMs / 1000),
          end: toSeconds,
          step,
        });
    return series.map((one) => frameOf(refId, one));
  }

  async #ask(path: string, parameters: Record<string, string>): Promise<PrometheusSeries[]> {
    const answer = await fetch(`${this.#url}${path}?${new URLSearchParams(parameters).toString()}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const said = (await answer.json()) as {
      status?: string;
      error?: string;
      data?: { resultType?: string; result?: unknown };
    };
    if (!answer.ok || said.status !== 'success')
      throw new Error(said.error ?? `Prometheus answers with status ${String(answer.status)}`);
    const { resultType, result } = said.data ?? {};
    // A scalar becomes one series without labels.
    if (resultType === 'scalar') return [{ metric: {}, value: result as [number, string] }];
    return Array.isArray(result) ? (result as PrometheusSeries[]) : [];
  }
}

function frameOf(refId: string, { metric, value, values }: PrometheusSeries): Frame {
  const points = values ?? (value === undefined ? [] : [value]);
  const numbers = points.map(([, text]) => Number(text));
  return {
    schema: {
      refId,
      fields: [
        { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' } },
        { name: 'Value', type: 'number', typeInfo: { frame: 'float64' }, labels: metric },
      ],
    },
    data: {
      values: [
        points.map(([seconds]) => Math.round(seconds * 1000)),
        numbers.map((one) => (Number.isFinite(one) ? one : null)),
      ],
    },
  };
}

/** The text of an error with its cause: the message of fetch alone says only that it failed. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
