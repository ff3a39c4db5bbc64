import type { Gpu } from '../../env/schema.ts';
import type { Series } from '../../reports/record/objective.ts';
import type { PrometheusClient } from '../prometheus/index.ts';

/** One device as Prometheus knows it now. */
export interface DeviceSample {
  device: string;
  node: string;
  /** Empty: nobody holds it; null: the series does not say. */
  pod: string | null;
  /** null: what was scraped is no number. */
  value: number | null;
  /** By the clock of Prometheus, s. */
  ageSeconds: number | null;
}

type Metrics = NonNullable<Gpu['metrics']>;

/**
 * The last sample of every device, with its age.
 * @throws PrometheusError when it does not answer or refuses
 */
export async function readUtilisation(
  client: Pick<PrometheusClient, 'query'>,
  { series, labels }: Metrics,
  signal?: AbortSignal,
): Promise<DeviceSample[]> {
  const values = await client.query(series, { signal });
  const ages = await client.query(`time() - timestamp(${series})`, { signal });
  const ageOf = new Map(ages.map((one) => [keyOf(one), lastOf(one)]));
  return values.map((one) => ({
    device: one.labels[labels.device] ?? '',
    node: one.labels[labels.node] ?? '',
    pod: labels.pod === undefined ? null : (one.labels[labels.pod] ?? ''),
    value: lastOf(one),
    ageSeconds: ageOf.get(keyOf(one)) ?? null,
  }));
}

/** Arithmetic drops the name of the metric, and nothing else. */
function keyOf({ labels }: Series): string {
  const others = Object.entries(labels).filter(([name]) => name !== '__name__');
  return JSON.stringify(others.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function lastOf({ points }: Series): number | null {
  return points.at(-1)?.[1] ?? null;
}
