/** The controls that hold for every store: they falsify what the harness sees of the store, or change the data in it. The judge must notice. */
import { catalogue, failoverParts } from '../../../catalogue/index.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext, KeyedControl } from '../../../harness/control.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

/** A write of the canary, as the store has it. */
export interface StoredWrite {
  run: string;
  n: number;
}

/** Access to a store's content by other questions than those of the harness. */
export interface Tampering {
  /** The write of the newest run with the highest number; null while there is none. */
  newest(ctx: ControlContext): Promise<StoredWrite | null>;
  /** Takes one acknowledged write out, from wherever it would be read. @throws Error when it is not there exactly once */
  remove(ctx: ControlContext, write: StoredWrite): Promise<void>;
  /** Puts one acknowledged write in once more. @throws Error when it is not there exactly once */
  double(ctx: ControlContext, write: StoredWrite): Promise<void>;
}

/** Tampering, and other differences between stores. */
export interface StoreControls extends Tampering {
  store: string;
  /** Goals under which one lost write is too many, where the store's own allow for some. */
  goals?: Record<string, unknown>;
  /** Number of the write to tamper with; a later one where early writes may not be acknowledged; default 150. */
  victim?: number;
  /** Keeps the store from recovering by other means than deleting a majority and cordoning all nodes. */
  neverBack?: Pick<Control, 'title' | 'break'>;
}

/** Tampered with as soon as a hundred later writes are there: by then its acknowledgement has long been received. */
const VICTIM = 150;
/**
 * For stores whose first writes may miss their deadline, such as a new server or index (seen for some 6 s): a write that was not
 * acknowledged cannot be lost.
 */
export const LATE_VICTIM = 900;
const LATER = 100;
/** If the victim was never stored, because the store was stalled, the write this much later is taken. */
const NEXT = 300;
const CANDIDATES = 3;
/** Before the first write come a steady store and an environment at rest. */
const TAMPER_DEADLINE_MS = 240_000;
/**
 * Overrides the environment's usual few seconds before the fault: the victim is tampered with while writes flow and every member
 * answers, and on a busy machine one query takes seconds.
 */
const TAMPERING_MS = 10_000;
/** Between two writes, at the lowest rate that an environment declares. */
const WRITE_MS = 20;
/** Long enough for a real failover of a deleted pod (15 s), so that "never" is not said too early. */
const SHORT_DEADLINE_MS = 15_000;

/** Each control fails its check for exactly one reason. */
export function everyStoreControls(of: StoreControls): Control[] {
  const { store, victim = VICTIM } = of;
  const candidates = Array.from({ length: CANDIDATES }, (_, i) => victim + i * NEXT);
  const written = new RegExp(`\\b(?:${candidates.join('|')})\\b`);
  const steadyBeforeMs = (victim + LATER) * WRITE_MS + TAMPERING_MS;
  const tampering = { settings: { failover: { steadyBeforeMs } } };
  const removed = (fault: string): KeyedControl => {
    const hit = { n: victim };
    return {
      title: `acknowledged write ${victim}, or a later one, is removed behind the harness's back`,
      seen: written,
      settings: { ...tampering, ...(of.goals !== undefined && { goals: of.goals }) },
      break: (ctx) => tamper(ctx, { of, candidates, hit }, (write) => of.remove(ctx, write)),
      verify: (_, judgement) => Promise.resolve(lostOf(of, judgement, hit.n, fault)),
    };
  };
  const doubled = { n: victim };
  return [
    ...controlsFor(`failover/${store}/pod-crash`, {
      nowhere: {
        verdict: 'inconclusive',
        title: 'the fault is aimed at a pod that does not exist',
        seen: /land|missed/i,
        settings: { settings: { failover: { target: `${store}-99` } } },
      },
    }),
    ...controlsFor(`failover/${store}/pod-delete`, {
      'never-back': neverBack(of),
      'write-removed': removed('pod-delete'),
      'write-doubled': {
        title: `write ${victim}, or a later one, is stored twice`,
        seen: written,
        settings: tampering,
        break: (ctx) => tamper(ctx, { of, candidates, hit: doubled }, (write) => of.double(ctx, write)),
        verify: (_, judgement) =>
          Promise.resolve(expectCounts(judgement, { lost: [], duplicates: [doubled.n] })),
      },
    }),
    // One for each other fault, so that every check of the store is proved able to fail.
    ...faultsOf(store)
      .filter((fault) => fault !== 'pod-delete')
      .flatMap((fault) => controlsFor(`failover/${store}/${fault}`, { 'write-removed': removed(fault) })),
  ];
}

/** Faults of a store whose checks are built. */
function faultsOf(store: string): string[] {
  return catalogue().flatMap(({ id, built }) => {
    const parts = built ? failoverParts(id) : null;
    return parts?.store === store ? [parts.fault] : [];
  });
}

/** Expected loss: this write alone, or at least this one where a hard fault may lose others. */
function lostOf(
  { goals }: StoreControls,
  judgement: Judgement,
  victim: number,
  fault: string,
): string | null {
  const lost = judgement.trials?.[0]?.lostNumbers ?? [];
  if (goals === undefined || fault === 'pod-delete')
    return expectCounts(judgement, { lost: [victim], duplicates: [] });
  return lost.includes(victim)
    ? null
    : `write ${victim} is not among the lost writes: ${lost.slice(0, 10).join(', ') || 'none'}`;
}

function neverBack({ neverBack: own }: StoreControls): KeyedControl {
  const target = own === undefined ? { target: 'majority' } : {};
  return {
    title: 'a majority of the members is deleted, and no node accepts the new pods',
    break: cordonNodes,
    ...own,
    seen: /RTO > /,
    settings: {
      settings: {
        rtoDeadlineMs: SHORT_DEADLINE_MS,
        failover: { membersRejoinedMs: 1_000, ...target },
      },
    },
  };
}

/** Keeps deleted pods pending; running pods stay. */
export async function cordonNodes(ctx: ControlContext): Promise<void> {
  const nodes = await ctx.list({ kind: 'v1/Node' });
  for (const { metadata } of nodes)
    await ctx.patch(
      { apiVersion: 'v1', kind: 'Node', name: metadata.name },
      { spec: { unschedulable: true } },
    );
}

/** Waits for the victim and tampers with it while the check runs. An error here shows as a control that is not caught. */
function tamper(
  ctx: ControlContext,
  { of, candidates, hit }: { of: StoreControls; candidates: readonly number[]; hit: { n: number } },
  action: (write: StoredWrite) => Promise<void>,
): Promise<void> {
  const work = async (): Promise<void> => {
    const before = (await of.newest(ctx))?.run;
    const missed: string[] = [];
    for (const n of candidates) {
      const run = await ctx.until(
        `write ${n} and ${LATER} later ones`,
        async () => {
          const seen = await of.newest(ctx);
          return seen !== null && seen.run !== before && seen.n >= n + LATER ? seen.run : null;
        },
        { timeoutMs: TAMPER_DEADLINE_MS, everyMs: 200 },
      );
      try {
        await action({ run, n });
      } catch (error) {
        missed.push(errorText(error));
        continue;
      }
      hit.n = n;
      ctx.log(`tampered with write ${n} of ${run}`);
      return;
    }
    throw new Error(missed.join('; '));
  };
  return beside(ctx, work);
}

/** Runs the work while the check runs. */
export function beside(ctx: ControlContext, work: () => Promise<void>): Promise<void> {
  work().catch((error: unknown) => ctx.log(`the control could not break the store: ${errorText(error)}`));
  return Promise.resolve();
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
