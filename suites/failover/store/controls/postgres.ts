/** Controls of failover/postgres/…. */
import { escapeLiteral, type QueryResultRow } from 'pg';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { queryOnce } from '../../../../probes/postgres/query.ts';
import { oneAnswer } from '../../../_breaking/accounts.ts';
import { everyStoreControls } from './every-store.ts';
import type { StoredWrite, Tampering } from './every-store.ts';
import { askMembers, changePatroni, paused } from '../../../_breaking/patroni.ts';

/** The table that the client load writes to; see probes/postgres. */
const TABLE = 'plumbline_canary.writes';
/** The newest run in it: the one that is writing now. */
const NEWEST = `(SELECT run FROM ${TABLE} ORDER BY written_at DESC LIMIT 1)`;

export const tampering: Tampering = {
  newest: async (ctx) => {
    const [table] = await onLeader(ctx, `SELECT to_regclass('${TABLE}') AS name`);
    if (table?.['name'] === null) return null;
    const [found] = await onLeader<{ run: string; n: string }>(
      ctx,
      `SELECT run, max(n) AS n FROM ${TABLE} WHERE run = ${NEWEST} GROUP BY run`,
    );
    return found === undefined ? null : { run: found.run, n: Number(found.n) };
  },
  remove: (ctx, write) => once(ctx, write, `DELETE FROM ${TABLE} WHERE ${isIt(write)} RETURNING n`),
  double: (ctx, write) =>
    once(
      ctx,
      write,
      `INSERT INTO ${TABLE} (run, n) SELECT run, n FROM ${TABLE} WHERE ${isIt(write)} RETURNING n`,
    ),
};

export const controls: readonly Control[] = [
  ...everyStoreControls({
    store: 'postgres',
    ...tampering,
    neverBack: {
      title: 'Patroni is paused: no replica takes over, and the deleted leader is not started again',
      break: (ctx) =>
        changePatroni(ctx, { pause: true }, { what: 'Patroni to be paused', probe: () => paused(ctx) }),
    },
  }),
  ...controlsFor('failover/postgres/pod-crash', {
    asynchronous: {
      title: 'commits wait for no replica, the replicas are cut off, then the leader crashes',
      seen: /lost/,
      settings: { settings: { failover: { fault: 'cut-then-crash' } } },
      break: (ctx) =>
        changePatroni(
          ctx,
          { synchronous_mode: false, synchronous_mode_strict: false },
          {
            what: 'commits to wait for no replica',
            probe: async () => {
              const [shown] = await onLeader(ctx, 'SHOW synchronous_standby_names');
              return shown?.['synchronous_standby_names'] === '' ? true : null;
            },
          },
        ),
      verify: countLostIndependently,
    },
  }),
];

const isIt = ({ run, n }: StoredWrite): string => `run = ${escapeLiteral(run)} AND n = ${n}`;

/** At the address of applications, which leads to whoever takes the writes. */
async function onLeader<Row extends QueryResultRow>(ctx: ControlContext, text: string): Promise<Row[]> {
  return queryOnce<Row>((await ctx.store('postgres')).connection, text, oneAnswer(ctx));
}

async function once(ctx: ControlContext, { run, n }: StoredWrite, text: string): Promise<void> {
  const { length } = await onLeader(ctx, text);
  if (length !== 1) throw new Error(`expected write ${n} once in ${run}, found it ${length} times`);
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
  const counts = await askMembers<{ count: string }>(
    ctx,
    `SELECT count(DISTINCT n) FROM ${TABLE} WHERE run = ${NEWEST} AND n <= ${scheduled}`,
  );
  const there = new Set(counts.map(({ count }) => Number(count)));
  // Everything that is in the table was acknowledged and is present, or was unknown or failed and is there all the same.
  const counted = present + recovered + unexpected;
  if (there.size !== 1 || !there.has(counted)) {
    return `the record counts ${counted} writes in the store (${ok} acknowledged, ${lost} lost); SQL finds ${[...there].join(', ')} in the members`;
  }
  return ok - present === lost
    ? null
    : `${ok} acknowledged − ${present} present is not the ${lost} lost of the record`;
}
