/** The ConfigMap that the control plane's client load writes to, in the namespace of canaries. */
export const API_OBJECT = 'failover-control-plane';
