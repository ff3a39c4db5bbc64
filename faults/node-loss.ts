import type { Fault } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { UNTIL_NODE_IS_BACK } from './_common/right.ts';

declare module './_common/fault.ts' {
  interface FaultNames {
    'node-loss': true;
  }
}

/** Drops the node's packets silently, then kills all its processes: others notice the loss only by their timeouts. */
export const fault: Fault = {
  id: 'node-loss',
  order: 40,
  title: 'the node cut off and everything on it killed',
  ofLeader: "the leader's node lost",
  heals: false,
  anyPod: true,
  needsAnother: true,
  takesNode: true,
  // The power of a node is switched by the environment's own command.
  rights: UNTIL_NODE_IS_BACK,
  refusal: ({ embedded, power }) =>
    embedded === undefined && power !== true
      ? 'cluster.power declares no commands that switch a node off and on'
      : null,
  inject: (ctx) =>
    injectInto(ctx, 'node-loss', (member, all) => {
      const shared = all.find(({ name, node }) => name !== member.name && node === member.node);
      return shared === undefined
        ? ctx.injector.loseNode(member)
        : Promise.resolve({
            reason: `${member.name} cannot be lost alone: ${shared.name} is on the same node`,
          });
    }),
};
