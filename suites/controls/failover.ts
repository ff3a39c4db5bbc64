import type { Judgement } from '../../reports/record/judgement.ts';
import type { Control, ControlContext } from './control.ts';
import { changePatroni, failoverControl, members, paused, sql, sqlOnLeader } from './failover-postgres.ts';

/** The table that the workload writes to; see probes/postgres. */
const TABLE = 'plumbline_canary.writes';
/** The newest run in it: the one that is writing now. */
const NEWEST = `(SELECT run FROM ${TABLE} ORDER BY written_at DESC LIMIT 1)`;
/** Tampered with as soon as a hundred later writes are there: by then its acknowledgement has long been received. */
const VICTIM = 150;
const LATER = 100;
const TAMPER_DEADLINE_MS = 90_000;
/** Long enough for a real failover of a deleted pod (15 s), so that "never" is not said too early. */
const SHORT_DEADLINE_MS = 15_000;

/** Controls of failover/postgres; each fails for one reason only. */
export const failoverControls: readonly Control[] = [
  failoverControl({
    id: 'failover/postgres/pod-crash/nowhere',
    fault: 'pod-crash',
    verdict: 'inconclusive',
    title: 'the fault is aimed at a pod that does not exist',
    expectSeen: /land|missed/i,
    settings: { settings: { failover: { target: 'postgres-99' } } },
    break: () => Promise.resolve(),
  }),
  failoverControl({
    id: 'failover/postgres/pod-delete/never-back',
    fault: 'pod-delete',
    verdict: 'fail',
    title: 'Patroni is paused: nobody takes over, and the deleted leader is not started again',
    expectSeen: /RTO > /,
    settings: {
      settings: { rtoDeadlineMs: SHORT_DEADLINE_MS, failover: { membersRejoinedMs: 1_000 } },
    },
    break: (ctx) =>
      changePatroni(ctx, { pause: true }, { what: 'Patroni to be paused', probe: () => paused(ctx) }),
  }),
  failoverControl({
    id: 'failover/postgres/pod-delete/write-removed',
    fault: 'pod-delete',
    verdict: 'fail',
    title: `acknowledged write ${VICTIM} is removed behind the harness's back`,
    expectSeen: new RegExp(`\\b${VICTIM}\\b`),
    break: (ctx) => tamper(ctx, `DELETE FROM ${TABLE} WHERE n = ${VICTIM} AND run = ${NEWEST}`),
    verify: (_, judgement) => Promise.resolve(expectCounts(judgement, { lost: [VICTIM], duplicates: [] })),
  }),
  failoverControl({
    id: 'failover/postgres/pod-delete/write-doubled',
    fault: 'pod-delete',
    verdict: 'fail',
    title: `write ${VICTIM} is there twice`,
    expectSeen: new RegExp(`\\b${VICTIM}\\b`),
    break: (ctx) =>
      tamper(
        ctx,
        `INSERT INTO ${TABLE} (run, n) SELECT run, n FROM ${TABLE} WHERE n = ${VICTIM} AND run = ${NEWEST}`,
      ),
    verify: (_, judgement) => Promise.resolve(expectCounts(judgement, { lost: [], duplicates: [VICTIM] })),
  }),
  failoverControl({
    id: 'failover/postgres/pod-crash/asynchronous',
    fault: 'pod-crash',
    verdict: 'fail',
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
  }),
];

/**
 * Starts to wait for the victim and then tampers, beside the check that runs meanwhile. What goes wrong here shows as a
 * control that does not turn.
 */
function tamper(ctx: ControlContext, statement: string): Promise<void> {
  const work = async (): Promise<void> => {
    const before = await newestRun(ctx);
    await ctx.until(
      `write ${VICTIM} and ${LATER} later ones`,
      async () => {
        const [run = '', max = '0'] = (await newestWrite(ctx)).split('|');
        return run !== before && Number(max) >= VICTIM + LATER ? true : null;
      },
      { timeoutMs: TAMPER_DEADLINE_MS, everyMs: 200 },
    );
    await sqlOnLeader(ctx, statement);
    ctx.log(`tampered: ${statement}`);
  };
  work().catch((error: unknown) =>
    ctx.log(`not tampered: ${error instanceof Error ? error.message : String(error)}`),
  );
  return Promise.resolve();
}

async function newestRun(ctx: ControlContext): Promise<string> {
  return (await newestWrite(ctx)).split('|')[0] ?? '';
}

/** `run|highest number`; empty while nothing was ever written. */
async function newestWrite(ctx: ControlContext): Promise<string> {
  if ((await sqlOnLeader(ctx, `SELECT to_regclass('${TABLE}') IS NOT NULL`)) !== 't') return '';
  return sqlOnLeader(ctx, `SELECT run, max(n) FROM ${TABLE} WHERE run = ${NEWEST} GROUP BY run`);
}

/** Null when the record of the trial counts exactly these, else what it counts. */
export function expectCounts(
  judgement: Judgement,
  expected: { lost: number[]; duplicates: number[] },
): string | null {
  const record = judgement.trials?.[0];
  if (!record?.writes) return 'the trial has no counts of writes';
  const seen = { lost: record.lostNumbers, duplicates: record.duplicateNumbers };
  const right =
    JSON.stringify(seen) === JSON.stringify(expected) &&
    record.writes.lost === expected.lost.length &&
    record.writes.duplicates === expected.duplicates.length;
  return right
    ? null
    : `expected ${JSON.stringify(expected)}, the record says ${JSON.stringify(seen)} (lost ${record.writes.lost}, duplicates ${record.writes.duplicates})`;
}

/**
 * Counts by SQL which numbers of the trial are missing in every member, and compares: what was acknowledged and is lost must
 * be among them, and acknowledged numbers that are missing must all have been called lost.
 */
async function countLostIndependently(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const record = judgement.trials?.[0];
  if (!record?.writes) return 'the trial has no counts of writes';
  const { lost, ok, present, scheduled, recovered, unexpected } = record.writes;
  if (lost === 0) return 'no acknowledged write was lost: the cut was not effective';
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
  return ok - present === lost ? null : `${ok} acknowledged − ${present} present is not ${lost}`;
}
