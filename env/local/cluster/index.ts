/** The cluster on the nodes: kubeadm, the API load balancer, and the static pods of the control plane. */
export {
  cutLoadBalancer,
  loadBalancerLink,
  loadBalancerUp,
  restoreLoadBalancer,
  setApiServers,
  setExtraConfig,
} from './load-balancer.ts';
export { startStaticPod, staticPodManifest, staticPodRemoval, stopStaticPod } from './static-pods.ts';
export type { StaticPodName, StaticPodRemoval } from './static-pods.ts';
