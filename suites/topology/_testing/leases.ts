/** Leases in invented histories, renewed as these begin. */
import type { Fields } from '../../../reports/record/observations/index.ts';
import type { Seen } from '../../_testing/histories.ts';
import { CONTROLLERS, ofNode } from '../_judge/leases.ts';

const BEGAN_MS = Date.parse('2026-01-01T00:00:00Z');

/** Those of Ready nodes by their names, and of the controllers. */
export function leases(nodes: readonly string[] = [], more: Partial<Fields<'lease'>> = {}): Seen[] {
  return [...nodes.map(ofNode), ...CONTROLLERS].map((of) => [
    'lease',
    { of, holder: of, seconds: 15, renewedAt: BEGAN_MS, why: null, ...more },
  ]);
}

/** The goal by which they are judged. */
export const LEASE_GOALS = { clockSeconds: 10 };
