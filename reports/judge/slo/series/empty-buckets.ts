/**
 * Buckets that are absent because nothing fell into them. As a rule a histogram shows all its buckets at once. Kong's library
 * (kong/plugins/prometheus/prometheus.lua, `observe`, commit 027d646) raises only those at or above a value, and shows a bucket once it was raised:
 * of requests that all were slow there is none at the boundary.
 */
import type { Series } from '../../../record/objective.ts';

type Labels = Series['labels'];

/** Labels that say which process counted, also behind a collector. */
const OF_PROCESS = ['instance', 'pod', 'exported_instance', 'exported_pod', 'service_instance_id'];
const OF_ADDRESS: ReadonlySet<string> = new Set(['instance', 'pod']);

/**
 * Whether a series of a count has no bucket at the boundary because nothing fell into it: its process has that boundary. Another version may have
 * others, so it must be the same process at that time.
 * @param bucketed series at the boundary
 * @param bounded `instance` of the targets that have the boundary, also for what the queries do not select
 */
export function emptyBuckets(
  bucketed: readonly Series[],
  bounded: ReadonlySet<string>,
): (counted: Series) => boolean {
  const known = Map.groupBy(bucketed, ({ labels }) => processOf(labels));
  return ({ labels, points }) => {
    const last = points.findLast(([, value]) => value !== null)?.[0];
    const { instance = '', pod = instance } = labels;
    if (last === undefined || pod === '') return false;
    const siblings = known.get(processOf(labels)) ?? [];
    return (
      siblings.some((one) => isThere(one, last)) ||
      (bounded.has(instance) && namesOf(labels).every((name) => OF_ADDRESS.has(name)))
    );
  };
}

const namesOf = (labels: Labels): string[] => OF_PROCESS.filter((name) => labels[name] !== undefined);

const processOf = (labels: Labels): string =>
  JSON.stringify([labels['job'], ...namesOf(labels).map((name) => [name, labels[name]])]);

function isThere({ points }: Series, t: number): boolean {
  const valued = points.filter(([, value]) => value !== null);
  return (valued[0]?.[0] ?? Infinity) <= t && t <= (valued.at(-1)?.[0] ?? -Infinity);
}
