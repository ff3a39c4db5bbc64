/** The ConfigMap that the control plane's workload writes to, in the namespace of canaries. */
export const API_OBJECT = 'failover-control-plane';
