import type { CheckContext } from '../../harness/context.ts';
import type { WorkloadObject } from '../../topology/_objects/shapes.ts';

const NAMESPACE = 'kube-system';
const NAME = 'metrics-server';
/** metrics-server 0.8, cmd/metrics-server/app/options: without the argument 60 s; its manifests name 15 s. */
const DEFAULT_S = 60;
const ARGUMENT = /^--metric-resolution=((?:\d+(?:\.\d+)?(?:h|ms|m|s))+)$/;
/** Units of Go's durations, s. */
const UNITS_S: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** How often CPU and memory are measured, s: an autoscaler sees no change sooner. Null where no metrics-server exists or can be read. */
export async function metricResolution(ctx: CheckContext): Promise<number | null> {
  const { items } = await ctx.cluster.list({ kind: 'apps/v1/Deployment', namespace: NAMESPACE });
  const server = items.find(({ metadata }) => metadata.namespace === NAMESPACE && metadata.name === NAME);
  return server === undefined ? null : resolutionOf(server);
}

/** How often metrics-server collects, seconds, from `--metric-resolution` in the arguments of its containers. */
export function resolutionOf({ spec }: WorkloadObject): number {
  const { containers } = spec.template.spec;
  const said = containers.flatMap(({ args = [], command = [] }) => [...command, ...args]);
  const [text] = said.flatMap((one) => ARGUMENT.exec(one)?.[1] ?? []);
  return text === undefined ? DEFAULT_S : secondsOf(text);
}

/** `1m30s` */
function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  return parts.reduce((sum, [, count = '0', unit = 's']) => sum + Number(count) * (UNITS_S[unit] ?? 0), 0);
}
