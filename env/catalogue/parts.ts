import type { PartName } from '../schema.ts';

/** Parts of the platform without which a check has nothing to look at, by the beginning of its id. */
const NEEDED: readonly { prefix: string; parts: readonly PartName[] }[] = [
  { prefix: 'telemetry/', parts: ['telemetry'] },
  { prefix: 'failover/ai/', parts: ['ai'] },
  { prefix: 'performance/ai/', parts: ['ai'] },
  { prefix: 'scaling/ai/', parts: ['ai'] },
  { prefix: 'integrations/llm', parts: ['ai'] },
  { prefix: 'gpu/', parts: ['gpu'] },
];

/** The parts that a check needs; empty for one that needs stores or nothing. */
export function partsOf(check: string): readonly PartName[] {
  return NEEDED.find(({ prefix }) => check.startsWith(prefix))?.parts ?? [];
}
