/** Controls of failover/redis: those of every store, and a master that still accepts writes while it is cut off. */
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { everyStoreControls } from './every-store.ts';
import { countOf, doubleWrite, newestWrite, removeWrite, restartWithMinReplicas } from './redis-lists.ts';

/** A second of writes: with min-replicas a master that is cut off stops after two. */
const ENOUGH = 200;

export const controls: readonly Control[] = [
  ...everyStoreControls({
    store: 'redis',
    newest: newestWrite,
    remove: removeWrite,
    double: doubleWrite,
    // One lost write fits any loss window, so only a goal of none shows that it is counted.
    goals: { lostWrites: 0 },
  }),
  ...controlsFor('failover/redis/partition', {
    'no-min-replicas': {
      title: 'no min-replicas, writes acknowledged by the reply alone, and the master is cut off',
      seen: /lost \d+ acknowledged writes over/,
      settings: {
        goals: { lossWindowSeconds: 1, lossWindowBeyondFailover: false },
        settings: { clientLoad: { wait: { replicas: 0, milliseconds: 400 } } },
      },
      break: (ctx) => restartWithMinReplicas(ctx, 0),
      verify: countLostIndependently,
    },
  }),
];

/** The record's counts must equal those in Redis. */
async function countLostIndependently(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const writes = judgement.trials?.[0]?.writes;
  if (!writes) return 'the trial has no counts of writes';
  const newest = await newestWrite(ctx);
  if (newest === null) return 'the list is gone';
  const counted = await countOf(ctx, newest.run);
  const { lost, ok, present, recovered, unexpected } = writes;
  if (lost < ENOUGH) return `expected at least ${ENOUGH} acknowledged writes lost, the record says ${lost}`;
  if (counted !== present + recovered + unexpected)
    return `the record counts ${present + recovered + unexpected} writes in the store, Redis counts ${counted}`;
  return ok - present === lost
    ? null
    : `${ok} acknowledged − ${present} present is not the ${lost} lost of the record`;
}
