import type { Fault } from './fault.ts';
import { injectInto } from './inject.ts';
import { needsNode } from './refusal.ts';

/**
 * The container's cgroup frozen: every process of it stands still where it is, its sockets stay open and the kernel still acknowledges
 * what arrives. kubelet's liveness probe may end the container, which then thaws; the inverse finds it so.
 */
export const hang: Fault = {
  id: 'hang',
  title: "the container's cgroup frozen",
  heals: false,
  refusal: needsNode('hang'),
  inject: (ctx) => injectInto(ctx, 'hang', (member) => ctx.injector.freeze(member, ctx.container)),
};
