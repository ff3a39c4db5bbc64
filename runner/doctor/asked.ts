import { requirementsOf } from '../../suites/catalogue/requirements.ts';
import { sectionsAsked } from '../plan/configuration.ts';
import type { Situation } from './item.ts';

/** Where a run sends its own trace and metrics. */
export const SENT: ReadonlySet<string> = new Set(['telemetry.otlp', 'telemetry.pushgateway']);

/**
 * Whether a run asks at the address that a key of the environment file declares, such as `telemetry.logs`: no other address need be reached from
 * here.
 */
export function askedBy({
  environment,
  running,
}: Pick<Situation, 'environment' | 'running'>): (key: string) => boolean {
  const sections = new Set<string>(sectionsAsked(environment, running));
  const certificates = running.some(({ row }) => row.reads(environment).certificates !== undefined);
  const api = running.some(({ row }) => requirementsOf(row).some(({ what }) => what === 'apiAddress'));
  // What only a run that does more than read sends.
  const sends = environment.readOnly !== true;
  const known = new Map([
    ...[...SENT].map((key) => [key, sends && running.length > 0] as const),
    ['topology.edge', sends && sections.has('application')],
    // topology/cluster/versions looks at its certificate as well.
    ['apiAddress', certificates || api],
  ]);
  return (key) => known.get(key) ?? sections.has(key.split('.')[0] ?? '');
}
