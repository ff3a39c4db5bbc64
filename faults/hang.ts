import type { Fault } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { needsNode } from './_common/refusal.ts';

declare module './_common/fault.ts' {
  interface FaultNames {
    hang: true;
  }
}

/**
 * The container's cgroup frozen: every process of it stands still where it is, its sockets stay open and the kernel still acknowledges
 * what arrives. kubelet's liveness probe may end the container, which then thaws; the inverse finds it so.
 */
export const fault: Fault = {
  id: 'hang',
  order: 30,
  title: "the container's cgroup frozen",
  ofLeader: 'the leader frozen',
  heals: false,
  anyPod: true,
  needsAnother: false,
  refusal: needsNode('hang'),
  inject: (ctx) => injectInto(ctx, 'hang', (member) => ctx.injector.freeze(member, ctx.container)),
};
