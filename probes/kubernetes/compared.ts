import { WORKLOADS } from './workloads.ts';

/** Kinds with a declared spec that are compared with their state before a trial. Pods come and go: their owners are compared instead. */
export const COMPARED: readonly string[] = [
  ...WORKLOADS,
  'v1/Service',
  'networking.k8s.io/v1/Ingress',
  'policy/v1/PodDisruptionBudget',
  'autoscaling/v2/HorizontalPodAutoscaler',
  'v1/PersistentVolumeClaim',
];
