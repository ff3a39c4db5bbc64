/** An object as the API server gives it, as far as all kinds agree. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
    creationTimestamp?: string;
    deletionTimestamp?: string;
    resourceVersion?: string;
    generation?: number;
  };
  [field: string]: unknown;
}

export interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

export interface Query {
  /** `v1/Pod`, `apps/v1/StatefulSet` … */
  kind: string;
  namespace?: string;
  labels?: Record<string, string>;
}

export interface QueryResult {
  items: KubeObject[];
  unavailable?: string;
}

export type Until = 'exists' | 'ready' | 'gone' | 'succeeded' | 'bound';

export interface WaitQuery extends Query {
  names?: string[];
  until: Until;
  count: number;
  timeoutMs: number;
}

/** Per call: how long it may take, and whose patience ends it. */
export interface CallOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }
  | { type: 'BOOKMARK'; object: { metadata: { resourceVersion: string } } }
  | { type: 'ERROR'; object: { code?: number; message?: string } };
