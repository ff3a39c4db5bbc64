/** On which static pods a fault of the control plane acts: the suite kills them, the judge holds what was killed against them. */
export const KILLED_PODS = {
  'leader-crash': ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  'etcd-crash': ['etcd'],
} as const;

export type ControlPlaneFault = keyof typeof KILLED_PODS;
