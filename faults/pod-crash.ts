import type { Fault } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { needsNode } from './_common/refusal.ts';
import { BY_POD_ON_NODE } from './_common/right.ts';

declare module './_common/fault.ts' {
  interface FaultNames {
    'pod-crash': true;
  }
}

/** SIGKILL to every process of the pod, from its node: nothing in the pod can shut down cleanly. kubelet restarts the containers. */
export const fault: Fault = {
  id: 'pod-crash',
  order: 10,
  title: 'every process of the pod killed from its node',
  ofLeader: 'every process of the leader killed at once',
  heals: true,
  anyPod: true,
  needsAnother: false,
  rights: BY_POD_ON_NODE,
  refusal: needsNode('pod-crash'),
  inject: (ctx) => injectInto(ctx, 'pod-crash', (member) => ctx.injector.crash(member)),
};
