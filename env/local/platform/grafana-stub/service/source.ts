/** The data source of the dashboards: a Prometheus, asked as Grafana's backend asks it, and its answers as Grafana's data frames. */

/** One query of a panel, as the page sends it. */
export interface PanelQuery {
  readonly refId: string;
  readonly expr: string;
  /** The newest value alone, instead of a range. */
  readonly instant: boolean;
}

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Frame {
  readonly schema: { readonly refId: string; readonly fields: readonly unknown[] };
  /** Times in ms, and values; null where a value is no number that JSON has. */
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

/** Shorter than a browser waits for the whole page. */
const ANSWER_MS = 5_000;
const POINTS = 60;

export class PrometheusSource {
  readonly uid = 'prometheus';
  readonly name = 'Prometheus';
  readonly type = 'prometheus';
  readonly #url: string;

  /** @param url base of its HTTP API */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /** Asks what Grafana's own plugin asks: whether 1+1 can be calculated. */
  async health(): Promise<SourceHealth> {
    try {
      await this.#ask('/api/v1/query', { query: '1+1' });
      return { status: 'OK', message: 'Successfully queried the Prometheus API.' };
    } catch (error) {
      return { status: 'ERROR', message: messageOf(error) };
    }
  }

  /** @throws Error with what Prometheus, or the way to it, says */
  async query({ refId, expr, instant }: PanelQuery, { fromMs, toMs }: Window): Promise<Frame[]> {
    const toSeconds = String(toMs / 1000);
    const step = String(Math.max(1, Math.round((toMs - fromMs) / 1000 / POINTS)));
    const series = instant
      ? await this.#ask('/api/v1/query', { query: expr, time: toSeconds })
      : await this.#ask('/api/v1/query_range', {
          ...{ query: expr, start: String(fromMs / 1000), end: toSeconds, step },
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
    // A scalar is one value without labels.
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

/** Of a connection that failed, what failed: fetch itself only says that it did. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
