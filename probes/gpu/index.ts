/** Extended resources of nodes and pods: allocatable, requested and assigned devices, and their utilisation. */
export { allocatedIn, CLAIM_VERSIONS } from './claims.ts';
export type { Allocated } from './claims.ts';
export { devicesGiven, givenCommand } from './devices.ts';
export type { Given } from './devices.ts';
export { planHolders } from './holders.ts';
export type { HolderPlan, NodeOffer } from './holders.ts';
export { offerOf, readPods, toleratesAll } from './nodes.ts';
export type { NodePod, Taint } from './nodes.ts';
export { readUtilisation } from './utilisation.ts';
export type { DeviceSample, Utilisation } from './utilisation.ts';
