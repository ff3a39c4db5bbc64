import type { Fault, FaultContext, FaultMember, Preparation } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { needsNode } from './_common/refusal.ts';
import { BY_POD_ON_NODE } from './_common/right.ts';

declare module './_common/fault.ts' {
  interface FaultNames {
    hang: true;
  }
}

/**
 * Freezes the container's cgroup: its processes stop, its sockets stay open, and the kernel still acknowledges what arrives. A failing
 * liveness probe may make kubelet restart the container, which thaws it; the rollback then has nothing to do.
 */
export const fault: Fault = {
  id: 'hang',
  order: 30,
  title: "the container's cgroup frozen",
  ofLeader: 'the leader frozen',
  heals: false,
  anyPod: true,
  needsAnother: false,
  rights: BY_POD_ON_NODE,
  refusal: needsNode('hang'),
  inject: (ctx) => injectInto(ctx, 'hang', (member) => freeze(ctx, member)),
};

/** Of several containers the declared one: a sidecar that is frozen says nothing of the service. */
function freeze({ container, injector }: FaultContext, member: FaultMember): Promise<Preparation> {
  const running = Object.keys(member.containers ?? {});
  const [only] = running;
  if (container !== null) return injector.freeze(member, container);
  if (only !== undefined && running.length === 1) return injector.freeze(member, only);
  const seen = running.toSorted().join(', ') || 'none';
  return Promise.resolve({
    reason: `which container of ${member.name} is the service is not declared, and it is not the only one that runs (seen: ${seen}); name it in the environment file (ai.container)`,
  });
}
