/** A node with devices that nobody holds. */
export interface NodeOffer {
  node: string;
  free: number;
}

/** One pod that takes devices of one node. */
export interface HolderPlan {
  node: string;
  devices: number;
}

/**
 * Pods that together take every free device: one pod per device, or one per node if that would need more than `mostPods` pods.
 * @param mostPods most pods with one device each
 */
export function planHolders(offers: readonly NodeOffer[], mostPods: number): HolderPlan[] {
  const free = offers.filter((offer) => offer.free > 0);
  const all = free.reduce((sum, offer) => sum + offer.free, 0);
  if (all > mostPods) return free.map((offer) => ({ node: offer.node, devices: offer.free }));
  return free.flatMap((offer) =>
    Array.from({ length: offer.free }, () => ({ node: offer.node, devices: 1 })),
  );
}
