/**
 * Metadata of every pod that Plumbline creates: meshes put no proxy into it. A proxy goes on running when the pod's own container has ended,
 * so that a Job or a canary would never end, and it would be measured along with what a canary measures. Istio reads the label, and in older
 * versions the annotation; Linkerd reads the annotation (their documentation of sidecar and of proxy injection).
 */
export const NO_SIDECAR = {
  labels: { 'sidecar.istio.io/inject': 'false' },
  annotations: { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
} as const;
