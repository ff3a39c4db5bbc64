/** Kubernetes as Plumbline sees it: counted calls, one informer-style cache, typed errors. Knows nothing of checks. */
export { openCluster, KubeCluster } from './cluster.ts';
export type { ClusterOptions, ClusterPin } from './cluster.ts';
export { KubeClient, refOf } from './client.ts';
export type { Call } from './client.ts';
export { NoCredentials } from './access/credential-plugin.ts';
export { KubeError, unavailableText } from './errors.ts';
export type { KubeReason } from './errors.ts';
export { kindOf, kindText } from './kinds.ts';
export { ReadOnlyError, ReadOnlyGuard } from './access/read-only.ts';
export { apiProxy, sendsCredentials, skipsVerification } from './transport.ts';
export { describe as describeObject, isIn } from './cache/ready.ts';
export { isOfKind, ofKind } from './objects.ts';
export type * from './objects.ts';
