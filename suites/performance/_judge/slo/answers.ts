/**
 * How the requests of a load ended: the samples that goals are compared with. A request is good if the scenario's own check passed; its
 * status alone is never enough.
 */
import type { Buckets } from '../../../../reports/record/details/buckets.ts';
import { dropsOf } from '../../../../reports/judge/slo/series/drops.ts';
import { merged } from '../../../../reports/judge/slo/histogram.ts';
import type { TimesAt } from './latency.ts';
import { sumOf } from '../../../../reports/judge/count.ts';
import type { Load, LoadSecond } from '../../../../reports/judge/slo/load.ts';
import type { Sample } from '../../../../reports/judge/slo/share.ts';
import { refusedTotal } from '../../../../reports/record/refusals.ts';

/** Good and failed requests. A request that was never sent, not waited for or not checked is unknown. */
export function sampleOfLoad(load: Load): Required<Sample> {
  const { requests, seconds } = load;
  const { count, failed, unchecked, refused } = requests;
  const drops = dropsOf(load);
  // Its seconds count refused requests among the bad ones: how the failures cluster is then not known.
  if (refusedTotal(refused) > 0)
    return { count: count - unchecked, failed, unknown: drops.count + unchecked, tallies: [] };
  const tallies = seconds.map((second, index) => ({
    atMs: second.atMs,
    count: second.good + second.bad,
    failed: second.bad,
    unknown: (drops.bySecond[index] ?? 0) + uncheckedIn(second),
  }));
  return { count: count - unchecked, failed, unknown: drops.count + unchecked, tallies };
}

/** Latencies of a load, by the second; a single entry where failures are known only for the whole load. */
export function timesOfLoad(load: Load): TimesAt[] {
  const { requests, seconds } = load;
  const { failed, unchecked } = requests;
  const drops = dropsOf(load);
  const latency = bySeconds(load);
  if (latency.length > 0 && sumOf(seconds, ({ bad }) => bad) === failed)
    return seconds.map((second, index) => ({
      atMs: second.atMs,
      latency: second.latency,
      failed: second.bad,
      unchecked: uncheckedIn(second),
      dropped: drops.bySecond[index] ?? 0,
    }));
  return latency.length === 0 ? [] : [{ atMs: 0, latency, failed, unchecked, dropped: drops.count }];
}

/** Requests without a check result, at least 0: a check may fall into the second after its answer. */
function uncheckedIn({ requests, good, bad }: LoadSecond): number {
  return Math.max(0, requests - good - bad);
}

/** Latencies measured from the moment of sending; empty where the engine gives none. */
export function sentLatencies(load: Load): Buckets {
  return load.latencyFrom === 'sent' ? bySeconds(load) : load.sent;
}

const bySeconds = ({ seconds }: Load): Buckets => merged(seconds.map(({ latency }) => latency));
