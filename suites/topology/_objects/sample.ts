/** Which nodes are looked at where there are too many for all of them. */
import { SAMPLED_NODES } from '../../../reports/record/names/topology-names.ts';

interface Sampling {
  /** How many at most. */
  most?: number;
  /** Nodes that come before others, as far as they fit, the first of them first. */
  first?: readonly string[];
  random?: () => number;
}

/** Every node, or some of them evenly spaced from a random start, so that every night covers others. */
export function sampleOf(
  names: readonly string[],
  { most = SAMPLED_NODES, random = Math.random }: Omit<Sampling, 'first'> = {},
): string[] {
  if (names.length <= most) return [...names];
  const start = Math.floor(random() * names.length);
  const chosen = Array.from(
    { length: most },
    (_, i) => names[(start + Math.floor((i * names.length) / most)) % names.length] ?? '',
  );
  return chosen.sort();
}

/** The same with a node of each pool, however small it is, and with those that come first; more than `most` only where there are more pools. */
export function sampleOfPools(
  nodes: readonly { name: string; pool: string | null }[],
  sampling: Required<Pick<Sampling, 'most'>> & Sampling,
): string[] {
  const names = nodes.map(({ name }) => name).sort();
  if (names.length <= sampling.most) return names;
  const first = [...new Set(sampling.first)].filter((name) => names.includes(name));
  const pools = [...Map.groupBy(nodes, ({ pool }) => pool).values()];
  const ofPools = pools.flatMap((nodesOf) => {
    const own = nodesOf.map(({ name }) => name).sort();
    const ahead = first.find((name) => own.includes(name));
    return ahead === undefined ? sampleOf(own, { ...sampling, most: 1 }) : [ahead];
  });
  const left = Math.max(0, sampling.most - ofPools.length);
  const chosen = [...ofPools, ...first.filter((name) => !ofPools.includes(name)).slice(0, left)];
  const others = names.filter((name) => !chosen.includes(name));
  const most = Math.max(0, sampling.most - chosen.length);
  return [...chosen, ...sampleOf(others, { ...sampling, most })].sort();
}
