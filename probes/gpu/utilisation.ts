import type { Gpu } from './declaration.ts';
import type { Series } from '../../reports/record/telemetry/objective.ts';
import type { PrometheusClient } from '../prometheus/index.ts';

/** The last sample of one device in Prometheus. */
export interface DeviceSample {
  /** With the instance behind a slash where the series names one. */
  device: string;
  node: string;
  /** Pod that holds the device; empty: none; null: the series has no such label. */
  pod: string | null;
  /** Namespace of the pod; left out: the series does not say. */
  namespace?: string | undefined;
  /** null: what was scraped is no number. */
  value: number | null;
  /** When it was scraped, by the clock of Prometheus, s since 1970. */
  atSeconds: number | null;
}

/** The last samples of all devices in Prometheus. */
export interface Utilisation {
  samples: DeviceSample[];
  /** Time of the query, by the same clock; null if Prometheus has no device. */
  nowSeconds: number | null;
}

type Metrics = NonNullable<Gpu['metrics']>;

/**
 * The last sample of every device, with the time at which it was scraped.
 * @throws SignalError when it does not answer or refuses
 */
export async function readUtilisation(
  client: Pick<PrometheusClient, 'query'>,
  { series, labels }: Metrics,
  signal?: AbortSignal,
): Promise<Utilisation> {
  const values = await client.query(series, { signal });
  const times = await client.query(`timestamp(${series})`, { signal });
  const timeOf = new Map(times.map((one) => [keyOf(one), lastOf(one)]));
  const samples = values.map((one) => {
    const namespace = labels.namespace === undefined ? undefined : one.labels[labels.namespace];
    return {
      // A series of an instance has the name of the device that it is a part of.
      device: [one.labels[labels.device], one.labels[labels.instance]].filter(isNamed).join('/'),
      node: one.labels[labels.node] ?? '',
      pod: labels.pod === undefined ? null : (one.labels[labels.pod] ?? ''),
      ...(isNamed(namespace) && { namespace }),
      value: lastOf(one),
      atSeconds: timeOf.get(keyOf(one)) ?? null,
    };
  });
  // A point of an instant vector carries the time of the query, not that of the sample.
  const askedMs = times[0]?.points.at(-1)?.[0];
  return { samples, nowSeconds: askedMs === undefined ? null : askedMs / 1000 };
}

const isNamed = (label: string | undefined): label is string => label !== undefined && label !== '';

/** Labels without the metric name, which PromQL functions drop. */
function keyOf({ labels }: Series): string {
  const others = Object.entries(labels).filter(([name]) => name !== '__name__');
  return JSON.stringify(others.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function lastOf({ points }: Series): number | null {
  return points.at(-1)?.[1] ?? null;
}
