/** Whose pods Prometheus scrapes: one row a service. It finds them by the headless Service `<job>-pods` of their manifests, of the same port. */
import type { PartName } from '../../../schema/parts.ts';
import { EDGE, OBSERVABILITY, SYSTEM, TENDER, type PlatformContext } from '../context.ts';

/** A service whose pods answer with metrics. */
export interface Scraped {
  /** Name of its workload, and `job` of every series. */
  readonly job: string;
  readonly namespace: string;
  readonly port: number;
  /** What is asked for; `/metrics` when left out. */
  readonly path?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** The part of the platform that it comes with; with the stores when left out. */
  readonly part?: PartName;
}

/** Where the telemetry canary runs: what it says of itself is how a breach is made (telemetry/alerts/fires). */
export const CANARY_JOB = 'plumbline-canary';

const SCRAPED: readonly Scraped[] = [
  { job: 'tender-api', namespace: TENDER, port: 8080 },
  { job: 'gateway', namespace: EDGE, port: 8001 },
  { job: 'tender-ai', namespace: TENDER, port: 8000, part: 'ai' },
  // Of all that it knows, only the queues of the application: two dozen series, and cheap to make.
  {
    job: 'rabbitmq',
    namespace: TENDER,
    port: 15_692,
    part: 'ai',
    path: '/metrics/detailed',
    parameters: { vhost: 'tender', family: 'queue_coarse_metrics' },
  },
  { job: 'log-shipper', namespace: OBSERVABILITY, port: 8080, part: 'telemetry' },
  { job: 'jaeger', namespace: OBSERVABILITY, port: 14_269, part: 'telemetry' },
  { job: 'alertmanager', namespace: OBSERVABILITY, port: 9093, part: 'telemetry' },
  { job: 'device-plugin', namespace: SYSTEM, port: 9400, part: 'gpu' },
  // Its Service is made by the check, and there is no target without it.
  { job: CANARY_JOB, namespace: 'plumbline-canary', port: 8080, part: 'telemetry' },
];

/** The rows of what was provisioned. */
export function scrapedIn(context: Pick<PlatformContext, 'with'>): readonly Scraped[] {
  return SCRAPED.filter(({ part }) => part === undefined || context.with.includes(part));
}

/**
 * Name of the headless Service whose addresses are the pods of a service, ready or not: what does not answer is a target that is down, not one
 * that is missing.
 */
export function podsOf(job: string): string {
  return `${job}-pods`;
}
