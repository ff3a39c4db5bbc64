import type { KubeObject } from './kube-object.ts';
import type { ObjectOf } from './objects.ts';

export type { KubeObject } from './kube-object.ts';

/** Reference to an object. If version and kind are literal types, the type of the object follows from them. */
export interface ObjectRef<Version extends string = string, Kind extends string = string> {
  apiVersion: Version;
  kind: Kind;
  namespace?: string;
  name: string;
}

export interface Query<Kind extends string = string> {
  /** `v1/Pod`, `apps/v1/StatefulSet`, `discovery.k8s.io/v1/EndpointSlice` … */
  kind: Kind;
  namespace?: string;
  labels?: Record<string, string>;
}

export interface QueryResult<Kind extends string = string> {
  items: ObjectOf<Kind>[];
  /** Why there are no objects: the kind may not be listed, or the server did not answer. The check is then inconclusive. */
  unavailable?: string;
}

export type Until = 'exists' | 'ready' | 'gone' | 'succeeded' | 'bound';

export interface WaitQuery<Kind extends string = string> extends Query<Kind> {
  /** Names that must match; without it any. */
  names?: string[];
  until: Until;
  count: number;
  timeoutMs: number;
}

/** Deadline of a call, and the signal that aborts it. */
export interface CallOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }
  | { type: 'BOOKMARK'; object: { metadata: { resourceVersion: string } } }
  | { type: 'ERROR'; object: { code?: number; message?: string } };
