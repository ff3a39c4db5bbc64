import type { Fault } from './fault.ts';
import { injectInto } from './inject.ts';

/** Packets dropped silently, then every process of the node killed: nobody learns of it but by waiting. */
export const nodeLoss: Fault = {
  id: 'node-loss',
  title: 'the node cut off and everything on it killed',
  heals: false,
  refusal: ({ embedded, power }) =>
    embedded === undefined && power !== true
      ? 'node-loss needs the command that switches the power of a node (cluster.power), which the environment does not declare'
      : null,
  inject: (ctx) =>
    injectInto(ctx, 'node-loss', (member, all) => {
      const shared = all.find(({ name, node }) => name !== member.name && node === member.node);
      return shared === undefined
        ? ctx.injector.loseNode(member)
        : Promise.resolve({ reason: `${member.name} and ${shared.name} are on the same node` });
    }),
};
