import { monoMs } from '../host/clock.ts';
import { hitOf } from './_common/fault.ts';
import type { Fault, FaultContext, FaultMember, Landing, Preparation } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { errorText } from '../reports/record/error-text.ts';

declare module './_common/fault.ts' {
  interface FaultNames {
    switchover: true;
  }
}

/**
 * A planned change of leader, ordered by the store's own command. There is nothing to undo: an environment does not declare which
 * member leads, and roles are compared afterwards as a multiset.
 */
export const fault: Fault = {
  id: 'switchover',
  order: 60,
  title: 'a planned change of leader',
  ofLeader: 'a planned change of leader',
  heals: true,
  anyPod: false,
  needsAnother: true,
  leaderOnly: true,
  // The store's driver orders it: what that needs, its declaration says (`rightsFor`).
  rights: [],
  refusal: () => null,
  inject: (ctx) => injectInto(ctx, 'switchover', (member) => Promise.resolve(prepare(ctx, member))),
};

function prepare(ctx: FaultContext, member: FaultMember): Preparation {
  const order = ctx.switchover;
  if (order === null) return { reason: `${ctx.store} has no planned change of leader` };
  if (member.name !== ctx.leader)
    return { reason: `${member.name} does not lead ${ctx.store}: only a leader can hand over` };
  return {
    member,
    found: 'the leader',
    rollbacks: [],
    act: async (acted) => {
      const sentMs = monoMs();
      try {
        const { from, to, detail } = await order(member.name);
        const answeredMs = monoMs();
        acted(`ordered: ${from} → ${to}`);
        return carriedOut({ from, to, detail, sentMs, answeredMs }, member);
      } catch (error) {
        return errorText(error);
      }
    },
  };
}

/** The proof is the store's answer to the order. The change happened between the two; the outage counts from the order. */
function carriedOut(
  order: { from: string; to: string; detail: string; sentMs: number; answeredMs: number },
  member: FaultMember,
): Landing | string {
  const { from, to, detail, sentMs, answeredMs } = order;
  if (from !== member.name) return `${detail}, but ${from} handed over, and not ${member.name}`;
  if (from === to) return `${detail}, but ${from} still leads`;
  const proof = `ordered at ${sentMs.toFixed(1)} ms, answered at ${answeredMs.toFixed(1)} ms: ${detail} (${from} → ${to})`;
  return { lastBeforeMs: sentMs, landedMs: sentMs, by: 'order carried out', proof, hit: hitOf(member) };
}
