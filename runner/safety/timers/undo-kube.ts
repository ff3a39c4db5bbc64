/**
 * Undoes what was done through the API server. This file has no imports: the undo Job in the cluster runs the same text.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface KubeRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** API path with its query. */
  path: string;
  body?: unknown;
  contentType?: string;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Not repeated by the caller of the API server where it is busy (429). */
  once?: boolean;
}
export interface KubeReply {
  status: number;
  /** Parsed JSON, or the text if it was not JSON. */
  body: unknown;
  /** When it was answered by the API server's clock, in whole seconds, ms since 1970; null or left out: not known. */
  dateMs?: number | null;
}
/** One request to the API server. Rejects only when there was no answer. */
export type KubeCall = (request: KubeRequest) => Promise<KubeReply>;

/** A field: a path of keys, and its value before and after; an empty array means that it was not there. */
export interface ChangedField {
  at: string[];
  before: [] | [Json];
  after: [] | [Json];
}

export type KubeRollback =
  /** Fields go back to what they were, each only while it holds what was put there. */
  | { kind: 'kube-patch'; path: string; uid: string; fields: ChangedField[] }
  /** Deletes a created object, only if it carries this action's marker. */
  | { kind: 'kube-delete'; path: string; marker: string }
  /**
   * Ends a pod that undoes its own changes when it terminates: deletes it with its own grace and waits until it is gone. Only if it carries
   * this action's marker.
   */
  | { kind: 'kube-end'; path: string; marker: string }
  /** Creates a deleted object, unless one of that name exists. `path` is the collection. */
  | { kind: 'kube-create'; path: string; object: Json };

export type KubeUndoResult =
  { outcome: 'undone' | 'already' } | { outcome: 'conflict' | 'void'; note: string };

/** True for any of these rollbacks; the value may come from another version. */
export function fitsKubeRollback(value: unknown): value is KubeRollback {
  const path = textAt(value, 'path');
  if (path === undefined || !/^\/apis?\//.test(path)) return false;
  switch (seenAt(value, 'kind')) {
    case 'kube-patch': {
      const fields = seenAt(value, 'fields');
      return textAt(value, 'uid') !== undefined && Array.isArray(fields) && fields.every(isChangedField);
    }
    case 'kube-delete':
    case 'kube-end':
      return textAt(value, 'marker') !== undefined;
    case 'kube-create':
      return isRecord(seenAt(value, 'object')) && isJson(seenAt(value, 'object'));
    default:
      return false;
  }
}

function isChangedField(value: unknown): value is ChangedField {
  const [at, before, after] = [seenAt(value, 'at'), seenAt(value, 'before'), seenAt(value, 'after')];
  return (
    Array.isArray(at) &&
    at.every((key) => typeof key === 'string') &&
    [before, after].every((one) => Array.isArray(one) && one.length <= 1 && isJson(one))
  );
}

/** True for what JSON can say. */
export function isJson(value: unknown): value is Json {
  if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) return true;
  if (Array.isArray(value)) return value.every(isJson);
  return isRecord(value) && Object.values(value).every(isJson);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys in unvalidated data; undefined if there is none. */
export function seenAt(value: unknown, ...keys: string[]): unknown {
  let here = value;
  for (const key of keys) here = isRecord(here) ? here[key] : undefined;
  return here;
}

/** As `seenAt`, only for a string. */
export function textAt(value: unknown, ...keys: string[]): string | undefined {
  const here = seenAt(value, ...keys);
  return typeof here === 'string' ? here : undefined;
}

/** An answer that says nothing of the request: the API server is busy, or fails. */
export function isTransient({ status }: KubeReply): boolean {
  return status === 429 || status >= 500;
}

/** The message of an API server's answer; without one, its whole body. */
export function saidIn(body: unknown): string {
  return textAt(body, 'message') ?? JSON.stringify(body ?? null);
}

/** Annotation with the marker of the rollback that deletes the object. */
export const ENTRY_ANNOTATION = 'plumbline.dev/journal-entry';

/** An optimistic write is tried again when the object changed in between; a busy object changes a few times a second. */
const ATTEMPTS = 5;

/**
 * Carries out one rollback through the Kubernetes API.
 * @throws Error when the API server refuses or does not answer: it can be tried again.
 */
export async function undoKube(
  rollback: KubeRollback,
  call: KubeCall,
  timeoutMs: number,
): Promise<KubeUndoResult> {
  switch (rollback.kind) {
    case 'kube-patch':
      return undoPatch(rollback, call, timeoutMs);
    case 'kube-delete':
      return undoCreate(rollback, call, timeoutMs);
    case 'kube-end':
      return undoPod(rollback, call, timeoutMs);
    case 'kube-create':
      return undoDelete(rollback, call, timeoutMs);
  }
}

async function undoPatch(
  rollback: KubeRollback & { kind: 'kube-patch' },
  call: KubeCall,
  timeoutMs: number,
): Promise<KubeUndoResult> {
  for (let attempt = 1; ; attempt++) {
    const got = await call({ method: 'GET', path: rollback.path, timeoutMs });
    if (got.status === 404) return { outcome: 'void', note: `${rollback.path} is no longer there` };
    expectStatus(got, 200, `GET ${rollback.path}`);
    const { object, uid, resourceVersion } = objectIn(got, rollback.path);
    if (uid !== rollback.uid) {
      return { outcome: 'void', note: `${rollback.path} was replaced by another object of the same name` };
    }
    const states = rollback.fields.map((field) => ({
      field,
      state: fieldState(object, field),
    }));
    const foreign = states.filter(({ state }) => state === 'foreign').map(({ field }) => field.at.join('.'));
    const ours = states.filter(({ state }) => state === 'ours').map(({ field }) => field);
    if (ours.length > 0) {
      const patch = mergePatchOf(ours, object, resourceVersion);
      const sent = await call({
        method: 'PATCH',
        path: rollback.path,
        body: patch,
        contentType: 'application/merge-patch+json',
        timeoutMs,
      });
      if (sent.status === 409 && attempt < ATTEMPTS) continue;
      expectStatus(sent, 200, `PATCH ${rollback.path}`);
    }
    if (foreign.length > 0) {
      return {
        outcome: 'conflict',
        note: `${rollback.path}: ${foreign.join(', ')} changed by someone else since; left as it is`,
      };
    }
    return { outcome: ours.length > 0 ? 'undone' : 'already' };
  }
}

async function undoCreate(
  rollback: KubeRollback & { kind: 'kube-delete' },
  call: KubeCall,
  timeoutMs: number,
): Promise<KubeUndoResult> {
  const got = await call({ method: 'GET', path: rollback.path, timeoutMs });
  if (got.status === 404) return { outcome: 'already' };
  expectStatus(got, 200, `GET ${rollback.path}`);
  if (textAt(got.body, 'metadata', 'annotations', ENTRY_ANNOTATION) !== rollback.marker)
    return { outcome: 'already' };
  if (
    textAt(got.body, 'metadata', 'deletionTimestamp') !== undefined &&
    rollback.path.includes('/persistentvolumeclaims/')
  )
    return { outcome: 'already' };
  const gone = await call({
    method: 'DELETE',
    path: rollback.path,
    body: deleteOptions(uidOf(got, rollback.path)),
    timeoutMs,
  });
  // 409: the UID differs, so that ours is gone.
  if (gone.status === 404 || gone.status === 409) return { outcome: 'already' };
  if (gone.status !== 202) expectStatus(gone, 200, `DELETE ${rollback.path}`);
  return { outcome: 'undone' };
}

/** Grace of a `kube-end` pod (30 s), plus time for its node to report the end. */
const END_DEADLINE_MS = 50_000;
const END_LOOK_MS = 250;

async function undoPod(
  rollback: KubeRollback & { kind: 'kube-end' },
  call: KubeCall,
  timeoutMs: number,
): Promise<KubeUndoResult> {
  const { path } = rollback;
  const uid = await uidOfOwn(rollback, call, timeoutMs);
  if (uid === null) return { outcome: 'already' };
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
  const sent = await call({ method: 'DELETE', path, body, timeoutMs });
  if (sent.status === 404 || sent.status === 409) return { outcome: 'already' };
  if (sent.status !== 202) expectStatus(sent, 200, `DELETE ${path}`);
  const until = performance.now() + END_DEADLINE_MS;
  for (;;) {
    if ((await uidOfOwn(rollback, call, timeoutMs)) !== uid) return { outcome: 'undone' };
    if (performance.now() > until)
      throw new Error(
        `${path} was deleted but still exists after ${END_DEADLINE_MS / 1000} s: check whether it has undone what it did`,
      );
    await new Promise((resolve) => setTimeout(resolve, END_LOOK_MS));
  }
}

/** UID of the object, if it carries this action's marker; null: ours is gone. */
async function uidOfOwn(
  { path, marker }: { path: string; marker: string },
  call: KubeCall,
  timeoutMs: number,
): Promise<string | null> {
  const got = await call({ method: 'GET', path, timeoutMs });
  if (got.status === 404) return null;
  expectStatus(got, 200, `GET ${path}`);
  return textAt(got.body, 'metadata', 'annotations', ENTRY_ANNOTATION) === marker ? uidOf(got, path) : null;
}

function objectIn(
  { body }: KubeReply,
  path: string,
): { object: Json; uid: string | undefined; resourceVersion: string } {
  const resourceVersion = textAt(body, 'metadata', 'resourceVersion');
  if (resourceVersion === undefined || !isJson(body)) throw new Error(`GET ${path}: no object`);
  return { object: body, uid: textAt(body, 'metadata', 'uid'), resourceVersion };
}

/** @throws Error without a UID: the deletion could hit another object of that name */
function uidOf({ body }: KubeReply, path: string): string {
  const uid = textAt(body, 'metadata', 'uid');
  if (uid === undefined) throw new Error(`GET ${path}: an object without a UID`);
  return uid;
}

async function undoDelete(
  rollback: KubeRollback & { kind: 'kube-create' },
  call: KubeCall,
  timeoutMs: number,
): Promise<KubeUndoResult> {
  const sent = await call({ method: 'POST', path: rollback.path, body: rollback.object, timeoutMs });
  if (sent.status !== 409) {
    expectStatus(sent, 201, `POST ${rollback.path}`);
    return { outcome: 'undone' };
  }
  // 409 is also the answer while an object of that name is still being deleted: nothing would be left once it is gone.
  const path = `${rollback.path}/${encodeURIComponent(textAt(rollback.object, 'metadata', 'name') ?? '')}`;
  const there = await call({ method: 'GET', path, timeoutMs });
  expectStatus(there, 200, `GET ${path}, which was there when it was to be created,`);
  if (textAt(there.body, 'metadata', 'deletionTimestamp') !== undefined)
    throw new Error(`${path} is still being deleted: it can be created again once it is gone`);
  return { outcome: 'already' };
}

/** Deletes only the object with this UID, if one is given: at once by default, its dependents in the background. */
export function deleteOptions(uid: string | undefined, graceSeconds = 0): Json {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds: graceSeconds,
    propagationPolicy: 'Background',
    ...(uid === undefined ? {} : { preconditions: { uid } }),
  };
}

/** Whether a field holds what we put there, what was there before, or something else. */
export function fieldState(object: Json, field: ChangedField): 'before' | 'ours' | 'foreign' {
  const now = valueAt(object, field.at);
  const [after] = field.after;
  const [seen] = now;
  if (same(now, field.before)) return 'before';
  if (field.before.length === 0 && after !== undefined && isGone(after, seen)) return 'before';
  if (after === undefined || seen === undefined) return same(now, field.after) ? 'ours' : 'foreign';
  return covers(seen, after) ? 'ours' : 'foreign';
}

/** The value at a path as a list of one, or an empty list. A null counts as absent, as in a merge patch. */
export function valueAt(object: Json | undefined, at: readonly string[]): [] | [Json] {
  let value: Json | undefined = object;
  for (const key of at) {
    value = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined;
  }
  return value === undefined || value === null ? [] : [value];
}

/** True when `seen` equals `wanted`, apart from keys that the server added to objects. */
export function covers(seen: Json, wanted: Json): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(seen) &&
      seen.length === wanted.length &&
      wanted.every((one, at) => covers(seen[at] ?? null, one))
    );
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof seen !== 'object' || seen === null || Array.isArray(seen)) return false;
    return Object.entries(wanted).every(([key, value]) => value === null || covers(seen[key] ?? null, value));
  }
  return seen === wanted;
}

function same(a: Json, b: Json): boolean {
  return covers(a, b) && covers(b, a);
}

/** True when nothing is left of a value that was added, whatever others have put in its place. */
function isGone(added: Json, seen: Json | undefined): boolean {
  if (seen === undefined || seen === null) return true;
  const parts = isObject(added) && isObject(seen) ? Object.entries(added) : [];
  return parts.length > 0 && parts.every(([key, value]) => isGone(value, valueAt(seen, [key])[0]));
}

/**
 * The merge patch that takes away a value which was added where there was none; null: all of it. In a map of texts, such as annotations, a
 * key that is there besides was added by somebody else and stays. In any other object it is taken for a default of the server, and goes too:
 * what is left of an affinity or a strategy can be invalid.
 */
function removalOf(added: Json | undefined, seen: Json | undefined): Json {
  if (!isObject(added) || !isObject(seen)) return null;
  const parts = Object.entries(added);
  const hasMore = Object.entries(seen).some(([key, value]) => value !== null && !Object.hasOwn(added, key));
  if (hasMore && !Object.values(seen).every((value) => typeof value === 'string')) return null;
  const removals = parts.map(([key, value]): [string, Json] => [key, removalOf(value, seen[key])]);
  return !hasMore && removals.every(([, removal]) => removal === null) ? null : Object.fromEntries(removals);
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergePatchOf(fields: readonly ChangedField[], object: Json, resourceVersion: string): Json {
  const patch: { [key: string]: Json } = { metadata: { resourceVersion } };
  for (const { at, before, after } of fields) {
    let level = patch;
    for (const key of at.slice(0, -1)) {
      const next = level[key];
      const inner: { [key: string]: Json } =
        typeof next === 'object' && next !== null && !Array.isArray(next) ? next : {};
      level[key] = inner;
      level = inner;
    }
    level[at.at(-1) ?? ''] = before[0] ?? removalOf(after[0], valueAt(object, at)[0]);
  }
  return patch;
}

function expectStatus(reply: KubeReply, status: number, what: string): void {
  if (reply.status === status) return;
  throw new Error(
    `${what} answered ${reply.status}, expected ${status}: ${saidIn(reply.body).slice(0, 300)}`,
  );
}
