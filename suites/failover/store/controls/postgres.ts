/** Controls of failover/postgres/…. */
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { everyStoreControls, type StoredWrite } from './every-store.ts';
import { changePatroni, members, paused, sql, sqlOnLeader } from '../../../_breaking/patroni.ts';

/** The table that the client load writes to; see probes/postgres. */
const TABLE = 'plumbline_canary.writes';
/** The newest run in it: the one that is writing now. */
const NEWEST = `(SELECT run FROM ${TABLE} ORDER BY written_at DESC LIMIT 1)`;

export const controls: readonly Control[] = [
  ...everyStoreControls({
    store: 'postgres',
    newest: newestWrite,
    remove: async (ctx, { n }) => {
      await sqlOnLeader(ctx, `DELETE FROM ${TABLE} WHERE n = ${n} AND run = ${NEWEST}`);
    },
    double: async (ctx, { n }) => {
      const twice = `SELECT run, n FROM ${TABLE} WHERE n = ${n} AND run = ${NEWEST}`;
      await sqlOnLeader(ctx, `INSERT INTO ${TABLE} (run, n) ${twice}`);
    },
    neverBack: {
      title: 'Patroni is paused: no replica takes over, and the deleted leader is not started again',
      break: (ctx) =>
        changePatroni(ctx, { pause: true }, { what: 'Patroni to be paused', probe: () => paused(ctx) }),
    },
  }),
  {
    id: 'failover/postgres/pod-crash/asynchronous',
    check: 'failover/postgres/pod-crash',
    verdict: 'fail',
    size: 'any',
    title: 'commits wait for no replica, the replicas are cut off, then the leader crashes',
    expectSeen: /lost/,
    settings: { settings: { failover: { fault: 'cut-then-crash' } } },
    break: (ctx) =>
      changePatroni(
        ctx,
        { synchronous_mode: false, synchronous_mode_strict: false },
        {
          what: 'commits to wait for no replica',
          probe: async () =>
            (await sqlOnLeader(ctx, 'SHOW synchronous_standby_names')) === '' ? true : null,
        },
      ),
    verify: countLostIndependently,
  },
];

async function newestWrite(ctx: ControlContext): Promise<StoredWrite | null> {
  if ((await sqlOnLeader(ctx, `SELECT to_regclass('${TABLE}') IS NOT NULL`)) !== 't') return null;
  const found = await sqlOnLeader(ctx, `SELECT run, max(n) FROM ${TABLE} WHERE run = ${NEWEST} GROUP BY run`);
  const [run, n] = found.split('|');
  return run === undefined || n === undefined ? null : { run, n: Number(n) };
}

/**
 * Counts by SQL the numbers of the trial in every member's table. All members must have as many as the record counts, and acknowledged
 * minus present must be the lost ones.
 */
async function countLostIndependently(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const record = judgement.trials?.[0];
  if (!record?.writes) return 'the trial has no counts of writes';
  const { lost, ok, present, scheduled, recovered, unexpected } = record.writes;
  if (lost === 0) return 'no acknowledged write was lost, so the replicas were not really cut off';
  const texts = await Promise.all(
    (await members(ctx)).map((pod) =>
      sql(ctx, pod, `SELECT count(DISTINCT n) FROM ${TABLE} WHERE run = ${NEWEST} AND n <= ${scheduled}`),
    ),
  );
  const there = new Set(texts.map(Number));
  // Everything that is in the table was acknowledged and is present, or was unknown or failed and is there all the same.
  const counted = present + recovered + unexpected;
  if (there.size !== 1 || !there.has(counted)) {
    return `the record counts ${counted} writes in the store (${ok} acknowledged, ${lost} lost); SQL finds ${[...there].join(', ')} in the members`;
  }
  return ok - present === lost
    ? null
    : `${ok} acknowledged − ${present} present is not the ${lost} lost of the record`;
}
