/**
 * What judges need to know of each fault that a history names. Each fault's own file states it, and `faults/index.ts` adds it here.
 */
export interface FaultFacts {
  /** Whether its effect ends by itself: a killed pod is started again, a frozen one does not thaw. */
  heals: boolean;
  /** It takes down a whole node and every pod on it. */
  takesNode?: true;
  /** It evicts the pods that it hits, which nobody else did then. */
  evicts?: true;
}

const FACTS = new Map<string, FaultFacts>();

export function addFaultFacts(id: string, facts: FaultFacts): void {
  FACTS.set(id, facts);
}

/** undefined for what is no fault of a pod or node, such as a rolling restart of a workload */
export function faultFacts(id: string): FaultFacts | undefined {
  return FACTS.get(id);
}
