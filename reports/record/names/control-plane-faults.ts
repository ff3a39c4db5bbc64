/** Static pods that a fault of the control plane acts on: the suite kills them, and the judge compares what was killed with them. */
export const KILLED_PODS = {
  'leader-crash': ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  'etcd-crash': ['etcd'],
} as const;

export type ControlPlaneFault = keyof typeof KILLED_PODS;
