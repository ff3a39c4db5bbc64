/** What became of the requests of a load: the samples that its goals are held against. */
import type { Buckets, LoadResult } from '../../record/load-result.ts';
import { dropsOf } from './drops.ts';
import { merged } from './histogram.ts';
import type { TimesAt } from './latency.ts';
import type { Sample } from './share.ts';

type Load = Pick<LoadResult, 'seconds' | 'scenarios' | 'requests' | 'metrics'>;

/** Requests that were answered well, and not; what was never sent is unknown. */
export function sampleOfLoad(load: Load): Required<Sample> {
  const { requests, seconds } = load;
  const drops = dropsOf(load);
  const tallies = seconds.map((second, index) => ({
    atMs: second.atMs,
    count: second.requests,
    failed: second.failed,
    unknown: drops.bySecond[index] ?? 0,
  }));
  return { count: requests.count, failed: requests.failed, unknown: drops.count, tallies };
}

/** Their times, by the second; as one where only times, or failures, of the whole load are known. */
export function timesOfLoad(load: Load): TimesAt[] {
  const { requests, seconds } = load;
  const drops = dropsOf(load);
  const bySecond = merged(seconds.map(({ latency }) => latency));
  const timed = seconds.reduce((sum, { failed }) => sum + failed, 0);
  if (bySecond.length > 0 && timed === requests.failed)
    return seconds.map(({ atMs, latency, failed }, index) => ({
      ...{ atMs, latency, failed, unchecked: 0 },
      dropped: drops.bySecond[index] ?? 0,
    }));
  const latency = bySecond.length > 0 ? bySecond : sentLatencies(load);
  return latency === null
    ? []
    : [{ atMs: 0, latency, failed: requests.failed, unchecked: 0, dropped: drops.count }];
}

/** Latencies measured from the moment of sending, as k6 defines `http_req_duration`; null where the engine gives none. */
export function sentLatencies({ metrics }: Pick<LoadResult, 'metrics'>): Buckets | null {
  const metric = metrics['http_req_duration'];
  return metric?.type === 'trend' ? (metric.buckets ?? null) : null;
}
