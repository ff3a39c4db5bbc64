/** Schemas of entries on disk: another version may have written them, so each is validated before it is acted on. */
import { z } from 'zod';
import { providerRollback } from '../../../env/providers/declared.ts';
import type { ProviderRollback } from '../../../env/providers/declaring.ts';
import type { Entry, Rollback, NodeRollback } from '../types.ts';
import { fitsKubeRollback } from '../timers/undo-kube.ts';
import type { KubeRollback } from '../timers/undo-kube.ts';

const words = z.array(z.string());
const ms = z.number();

const power = z.object({ on: words, state: words, isOn: z.string(), isOff: z.string(), timeoutMs: ms });

const nodeRollback: z.ZodType<Exclude<NodeRollback, ProviderRollback>> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('thaw'), cgroup: z.string() }),
  z.object({ kind: z.literal('static-pod'), from: z.string(), to: z.string() }),
  z.object({ kind: z.literal('route'), netns: z.string(), route: words }),
  z.object({ kind: z.literal('node-power'), node: z.string(), commands: power }),
  z.object({
    kind: z.literal('file'),
    path: z.string(),
    before: z.string().nullable(),
    afterSha256: z.string().nullable(),
    mode: z.number().exactOptional(),
    then: words.exactOptional(),
  }),
  z.object({ kind: z.literal('packet-filter'), pid: z.number(), startTime: z.string(), table: z.string() }),
  z.object({
    kind: z.literal('stand-in'),
    url: z.string(),
    rest: z.object({ delayMs: ms, failRatio: z.number(), status: z.number() }),
    embedded: z.boolean().exactOptional(),
  }),
]);

/** A rollback that this version can run. */
export const rollbackSchema: z.ZodType<Rollback> = z.union([
  z.custom<KubeRollback>(fitsKubeRollback, { error: 'not a kind of rollback that this version knows' }),
  nodeRollback,
  providerRollback,
]);

const states = z.enum(['pending', 'done', 'failed', 'void']);

export const entrySchema: z.ZodType<Entry> = z.looseObject({
  seq: z.int(),
  id: z.string(),
  check: z.string(),
  title: z.string(),
  access: z.enum(['canary', 'fault', 'control']),
  rollback: rollbackSchema,
  clusterUid: z.string(),
  bootId: z.string(),
  holder: z.object({ pid: z.int(), startTime: z.string() }),
  runId: z.string(),
  dueMs: ms,
  dueAfterMs: ms,
  at: z.string(),
  takenFrom: z.string().exactOptional(),
  state: states,
  note: z.string().exactOptional(),
});

/** What became of an entry. */
export const stateSchema = z.object({ seq: z.int(), state: states, note: z.string().exactOptional() });
