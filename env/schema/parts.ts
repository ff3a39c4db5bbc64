import type { StoreName } from './stores.ts';

/** Parts of the embedded platform beside the stores, as `--with` names them, in the order in which they are raised. */
export const PARTS = ['telemetry', 'ai'] as const;
export type PartName = (typeof PARTS)[number];

/** Which stores must be raised with a part. */
export const PART_NEEDS: Readonly<Record<PartName, readonly StoreName[]>> = {
  telemetry: ['postgres'],
  ai: ['postgres', 'redis', 'rabbitmq', 'elasticsearch', 'neo4j'],
};

/** Blocks of an environment file that describe a part, and say nothing where it was not raised. */
export const PART_BLOCKS: Readonly<Partial<Record<PartName, string>>> = { telemetry: 'telemetry' };

export function isPart(word: string): word is PartName {
  return (PARTS as readonly string[]).includes(word);
}
