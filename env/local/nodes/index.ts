/**
 * Nodes of the embedded environment: each is a set of Linux namespaces with a containerd and a kubelet. Also what faults
 * need: processes and cgroups of a pod, a node's link, its crash and restart.
 */
export { INSTANCES, addressesOf, isInstanceName, nodeSpec, nodesOf } from './addressing.ts';
export type { ClusterSize, InstanceAddresses, InstanceName, NodeRole, NodeSpec } from './addressing.ts';
export { VOLUMES_PATH, nodeDir, nodeLogs, onHost } from './files.ts';
export { cutLink, hasLink, linkState, restoreLink, routeServicesVia } from './links.ts';
export { destroyNode, execInNode, nodeBinDir, nodeStatus, startNode, stopNode } from './node.ts';
export { cgroupName, processesBelow } from './cgroups.ts';
export { containerCgroup, podCgroup, podProcesses } from './pods.ts';
export type { PodProcess } from './pods.ts';
