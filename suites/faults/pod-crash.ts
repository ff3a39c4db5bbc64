import type { Fault } from './fault.ts';
import { injectInto } from './inject.ts';
import { needsNode } from './refusal.ts';

/** SIGKILL to every process of the pod, from the node: nothing in the pod gets a word in. Kubernetes starts it again. */
export const podCrash: Fault = {
  id: 'pod-crash',
  title: 'every process of the pod killed from its node',
  heals: true,
  refusal: needsNode('pod-crash'),
  inject: (ctx) => injectInto(ctx, 'pod-crash', (member) => ctx.injector.crash(member)),
};
