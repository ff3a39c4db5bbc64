import type { PodObject } from '../../probes/kubernetes/objects.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';

/**
 * Reasons of a pod's condition `DisruptionTarget` by which somebody else takes it away (kubernetes.io, "Pod disruption conditions"): a drain or an
 * autoscaler over the Eviction API, the scheduler for a pod of higher priority, a taint. Not those that a lost node or a full one brings about.
 */
const REASONS = ['EvictionByEvictionAPI', 'PreemptionByScheduler', 'DeletionByTaintManager'];

/** Notes members' pods that somebody else evicts during a trial, each once. What is only replaced, as an operator does, has no such condition. */
export class Evictions {
  readonly #write: (seen: NewSeen<'member-evicted'>) => void;
  readonly #noted = new Set<string>();

  constructor(write: (seen: NewSeen<'member-evicted'>) => void) {
    this.#write = write;
  }

  /** @param pods the members' as they are now; a pod that has gone between two looks is not seen */
  look(pods: readonly PodObject[]): void {
    for (const { metadata, status } of pods) {
      const { name, uid = '', deletionTimestamp } = metadata;
      // The condition also stays on a pod whose eviction came to nothing.
      if (deletionTimestamp === undefined || this.#noted.has(uid)) continue;
      const { reason = '', message = '' } =
        (status.conditions ?? []).find((one) => one.type === 'DisruptionTarget' && one.status === 'True') ??
        {};
      if (!REASONS.includes(reason)) continue;
      this.#noted.add(uid);
      this.#write({ kind: 'member-evicted', member: name, uid, reason, message });
    }
  }
}
