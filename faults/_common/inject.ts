import { monoMs } from '../../host/clock.ts';
import { missed, untouched } from './fault.ts';
import type { FaultContext, FaultMember, FaultResult, Landing, Preparation, Prepared } from './fault.ts';
import { chooseTargets } from './target.ts';

/** Prepares one fault for one member. */
export type Prepare = (member: FaultMember, all: readonly FaultMember[]) => Promise<Preparation>;

/**
 * The steps of every fault: choose the targets, prepare the fault for each, record that, then act on all of them at once through the
 * guard and prove it. When the preparation fails for one target, nothing is done to any.
 */
export async function injectInto(ctx: FaultContext, fault: string, prepare: Prepare): Promise<FaultResult> {
  const chosen = chooseTargets(ctx);
  if ('reason' in chosen) return missed(ctx, ctx.target, chosen.reason, monoMs());
  const target = chosen.members.map(({ name }) => name).join(', ');
  const preparations: Preparation[] = [];
  for (const member of chosen.members) preparations.push(await prepare(member, chosen.members));
  const reasons = preparations.flatMap((one) => ('reason' in one ? [one.reason] : []));
  const unrest = reasons.length > 0 ? null : await ctx.calm();
  if (unrest !== null) return untouched(target, unrest);
  const prepared = preparations.filter((one) => 'act' in one);
  ctx.write({
    kind: 'fault-armed',
    t: monoMs(),
    fault,
    target,
    members: prepared.map(({ member: { name, uid, node }, found, of }) => ({
      name,
      uid,
      node,
      found,
      ...of,
    })),
  });
  if (reasons.length > 0) return missed(ctx, target, reasons.join('; '), monoMs());
  ctx.signal.throwIfAborted();
  const outcomes = await actOn(ctx, { fault, target, prepared });
  return landing(ctx, target, outcomes);
}

async function actOn(
  ctx: FaultContext,
  { fault, target, prepared }: { fault: string; target: string; prepared: readonly Prepared[] },
): Promise<(Landing | string)[]> {
  const outcomes: (Landing | string)[] = [];
  await ctx.perform({
    check: ctx.check,
    title: `${fault} of ${ctx.namespace}/${target}`,
    access: 'fault',
    fault,
    rollbacks: prepared.flatMap(({ rollbacks }) => rollbacks),
    endsWithinMs: Math.max(0, ...prepared.map(({ endsWithinMs = 0 }) => endsWithinMs)),
    act: async () => {
      const acted = (member: string) => (did: string) =>
        ctx.write({ kind: 'fault-acted', t: monoMs(), member, did });
      const all = prepared.map((one) => one.act(acted(one.member.name)));
      // All actions settle before the first error is thrown: a rollback must not start while one is still in flight.
      for (const settled of await Promise.allSettled(all)) {
        if (settled.status === 'rejected') throw settled.reason;
        outcomes.push(settled.value);
      }
    },
  });
  return outcomes;
}

/** The fault is in force from the moment at which it has landed on every target. */
function landing(ctx: FaultContext, target: string, outcomes: readonly (Landing | string)[]): FaultResult {
  const failures = outcomes.filter((one) => typeof one === 'string');
  const landed = outcomes.filter((one) => typeof one !== 'string');
  const last = landed.toSorted((a, b) => a.landedMs - b.landedMs).at(-1);
  if (failures.length > 0 || last === undefined)
    return missed(ctx, target, failures.join('; ') || 'nothing was done', monoMs());
  const proof = landed.map((one) => one.proof).join('; ');
  ctx.write({
    kind: 'fault-landed',
    t: last.landedMs,
    by: last.by,
    proof,
    hit: landed.map(({ hit }) => hit),
    betweenMs: [Math.min(...landed.map(({ lastBeforeMs }) => lastBeforeMs)), last.landedMs],
  });
  return { target, landedAtMs: last.landedMs, proof };
}
