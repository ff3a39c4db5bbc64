import { randomUUID } from 'node:crypto';
import { lookUntil } from '../../host/wait.ts';
import type { KubeObject, ObjectRef } from '../../suites/harness/protocol.ts';
import { kindOf, kindText, pathOf } from '../../probes/kubernetes/kinds.ts';
import { changedFields, mergePatched } from './diff.ts';
import type { Access, Rollback, KubeCall, KubeReply } from './types.ts';
import { deleteOptions, isJson, ENTRY_ANNOTATION, saidIn, seenAt, textAt } from './timers/undo-kube.ts';
import type { Json } from './timers/undo-kube.ts';

const CALL_TIMEOUT_MS = 10_000;
/** A busy object changes a few times a second; each try reads it again. */
const ATTEMPTS = 5;
const MERGE = 'application/merge-patch+json';
/** An object that is being deleted goes when its finalizers are done: a pod after its grace of 30 s, a claim after its pod. */
const GONE_WITHIN_MS = 60_000;
const GONE_LOOK_MS = 500;

export type ChangeOptions = {
  readonly access: Access;
  readonly controlPlane?: boolean;
  /** Grace period of a deletion; default 0. */
  readonly graceSeconds?: number | undefined;
  /** See `Mutation`. */
  readonly dueAfterMs?: number;
};

/** The guard, as far as changing objects needs it. */
export type Performer = {
  perform(mutation: {
    check: string;
    title: string;
    access: Access;
    rollbacks: Rollback[];
    controlPlane?: boolean;
    dueAfterMs?: number;
    endsWithinMs?: number;
    act(notDone: () => void): Promise<void>;
  }): Promise<void>;
  /** Settles entries whose created object was deleted by its own check. */
  settleCreated(paths: ReadonlySet<string>): void;
  /** Whether an open entry says that we created what is at the path. */
  hasCreated(path: string): boolean;
  /** Aborted when no new action may begin. */
  readonly stopped: AbortSignal;
};

/** Changes objects through the guard: reads what is there, derives the exact rollback, acts by compare-and-set. */
export class GuardedObjects {
  readonly #kube: KubeCall;
  readonly #guard: Performer;

  constructor(kube: KubeCall, guard: Performer) {
    this.#kube = kube;
    this.#guard = guard;
  }

  /**
   * Creates missing objects; sets the given fields on existing ones. One that is being deleted is neither: it is waited for until it is gone.
   * @param signal ends the wait; nothing more is created or changed once it has fired
   * @throws Error when it is still there after a minute; the reason of the signal
   */
  async apply(
    check: string,
    objects: readonly KubeObject[],
    options: ChangeOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const live = await Promise.all(objects.map((object) => this.#staying(object, signal)));
    signal.throwIfAborted();
    const fresh = objects.filter((_, at) => live[at] === null);
    if (fresh.length > 0) await this.#create(check, fresh, options, signal);
    for (const object of objects.filter((_, at) => live[at] !== null)) {
      signal.throwIfAborted();
      await this.patch(check, refOf(object), withoutServerFields(object), options);
    }
  }

  /**
   * Merge patch. The rollback holds the previous value of every changed field, from the resource version that was patched.
   * @throws Error when the object is not there, or the server refuses.
   */
  async patch(
    check: string,
    ref: ObjectRef,
    patch: Record<string, unknown>,
    options: ChangeOptions,
  ): Promise<KubeObject> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#get(ref);
      if (before === null) throw new Error(`${nameOf(ref)} does not exist: nothing to patch`);
      const now = jsonOf(before);
      const change = jsonOf(patch);
      const fields = changedFields(now, mergePatched(now, change));
      if (fields.length === 0) return before;
      const path = pathOfRef(ref);
      let reply: KubeReply | undefined;
      const rollback: Rollback = { kind: 'kube-patch', path, uid: before.metadata.uid ?? '', fields };
      const title = `${nameOf(ref)}: ${fields.map(({ at }) => at.join('.')).join(', ')} changed`;
      const body = mergePatched(change, {
        metadata: { resourceVersion: before.metadata.resourceVersion ?? '' },
      });
      await this.#guard.perform({
        check,
        title,
        ...options,
        rollbacks: [rollback],
        act: async (notDone) => {
          reply = await this.#kube({
            method: 'PATCH',
            path,
            body,
            contentType: MERGE,
            timeoutMs: CALL_TIMEOUT_MS,
          });
          // The other writer may have changed the same fields: this entry would later undo what is not ours.
          if (reply.status === 409) notDone();
          else expectOk(reply, `patch of ${nameOf(ref)}`);
        },
      });
      if (reply?.status !== 409) return objectOf(reply, `patch of ${nameOf(ref)}`);
      if (attempt >= ATTEMPTS)
        throw new Error(
          `patch of ${nameOf(ref)}: given up after ${ATTEMPTS} attempts, since someone else changed the object each time`,
        );
    }
  }

  /**
   * Deletes, by default without grace. For an object that we created, the entry is then settled; for any other, the rollback creates it
   * again. One of others that is being deleted already is left to whoever deleted it.
   */
  async remove(check: string, refs: readonly ObjectRef[], options: ChangeOptions): Promise<void> {
    const own = refs.filter((ref) => this.#guard.hasCreated(pathOfRef(ref)));
    for (const ref of own) await this.#delete(ref, undefined, options.graceSeconds);
    this.#guard.settleCreated(new Set(own.map(pathOfRef)));
    for (const ref of refs.filter((one) => !own.includes(one)))
      await this.#removeForeign(check, ref, options);
  }

  /** Ends in the middle when `cancelled` fires or everything is stopped: what is there by then is left to the rollbacks, which wait for this end. */
  async #create(
    check: string,
    objects: readonly KubeObject[],
    options: ChangeOptions,
    cancelled: AbortSignal,
  ): Promise<void> {
    const created = objects.map((object) => ({ object, marker: randomUUID() }));
    const signal = AbortSignal.any([cancelled, this.#guard.stopped]);
    await this.#guard.perform({
      check,
      title: `created ${objects.map(nameOf).join(', ')}`,
      ...options,
      rollbacks: created.map(({ object, marker }) => ({
        kind: 'kube-delete',
        path: pathOfRef(object),
        marker,
      })),
      endsWithinMs: objects.length * CALL_TIMEOUT_MS,
      act: async () => {
        for (const { object, marker } of created) {
          signal.throwIfAborted();
          const annotations = { ...object.metadata.annotations, [ENTRY_ANNOTATION]: marker };
          const body = { ...object, metadata: { ...object.metadata, annotations } };
          expectOk(await this.#send('POST', collectionOf(object), body), `creation of ${nameOf(object)}`);
        }
      },
    });
  }

  async #removeForeign(check: string, ref: ObjectRef, options: ChangeOptions): Promise<void> {
    const before = await this.#get(ref);
    if (before === null || isGoing(before)) return;
    const object = toCreateAgain({ ...before, apiVersion: ref.apiVersion, kind: ref.kind });
    await this.#guard.perform({
      check,
      title: `${nameOf(ref)} deleted`,
      ...options,
      rollbacks: [{ kind: 'kube-create', path: collectionOf(ref), object }],
      act: () => this.#delete(ref, before.metadata.uid, options.graceSeconds),
    });
  }

  async #delete(ref: ObjectRef | KubeObject, uid: string | undefined, graceSeconds = 0): Promise<void> {
    const reply = await this.#send('DELETE', pathOfRef(ref), deleteOptions(uid, graceSeconds));
    if (reply.status !== 404) expectOk(reply, `deletion of ${nameOf(ref)}`);
  }

  /** The object, unless it is not there or going: then null, once it is gone. */
  async #staying(wanted: KubeObject, cancelled: AbortSignal): Promise<KubeObject | null> {
    const signal = AbortSignal.any([cancelled, this.#guard.stopped]);
    const seen = await lookUntil(
      () => this.#get(wanted),
      (live) => live === null || !isGoing(live),
      { deadlineMs: GONE_WITHIN_MS, intervalMs: GONE_LOOK_MS, signal },
    );
    if (seen === null || !isGoing(seen)) return seen;
    const finalizers = seenAt(seen, 'metadata', 'finalizers');
    throw new Error(
      `${nameOf(wanted)} has been in deletion since ${seen.metadata.deletionTimestamp ?? ''} and is still there after ${GONE_WITHIN_MS / 1000} s, so that it cannot be created again; its finalizers: ${JSON.stringify(finalizers ?? [])}`,
    );
  }

  async #get(ref: ObjectRef | KubeObject): Promise<KubeObject | null> {
    const reply = await this.#send('GET', pathOfRef(ref));
    if (reply.status === 404) return null;
    expectOk(reply, `reading ${nameOf(ref)}`);
    return objectOf(reply, `reading ${nameOf(ref)}`);
  }

  #send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<KubeReply> {
    return this.#kube({ method, path, body, timeoutMs: CALL_TIMEOUT_MS });
  }
}

/** An object as it can be created again: without what the server had added. */
export function withoutServerFields(object: KubeObject): { [field: string]: Json } {
  const { status: _status, metadata, ...rest } = object;
  const { name, namespace, labels, annotations, ownerReferences } = metadata;
  const kept = jsonOf({ ...rest, metadata: { name, namespace, labels, annotations, ownerReferences } });
  return typeof kept === 'object' && !Array.isArray(kept) && kept !== null ? kept : {};
}

/** Annotations of a claim that the cluster has set when it bound it to a volume, or chose a node for that. */
const OF_BINDING = /^(?:pv\.kubernetes\.io\/.*|volume\.kubernetes\.io\/selected-node)$/;

/** A deleted object as it is created again: a claim unbound, since its volume went with it, and would be named in vain. */
function toCreateAgain(object: KubeObject): Json {
  const kept = withoutServerFields(object);
  if (object.kind !== 'PersistentVolumeClaim') return kept;
  const ofBinding = Object.keys(object.metadata.annotations ?? {}).filter((key) => OF_BINDING.test(key));
  const annotations = Object.fromEntries(ofBinding.map((key) => [key, null]));
  return mergePatched(kept, { spec: { volumeName: null }, metadata: { annotations } });
}

/** As plain JSON. @throws Error if JSON cannot represent it */
function jsonOf(value: object): Json {
  const said: unknown = JSON.parse(JSON.stringify(value));
  if (!isJson(said)) throw new Error('the object cannot be written as JSON');
  return said;
}

/** @throws Error for an answer that is no object of Kubernetes */
function objectOf(reply: KubeReply | undefined, what: string): KubeObject {
  const body = reply?.body;
  if (!isObject(body)) throw new Error(`${what}: the API server answered with no object`);
  return body;
}

/** A name is enough: only single objects are read and written here, never lists. */
function isObject(body: unknown): body is KubeObject {
  return textAt(body, 'metadata', 'name') !== undefined;
}

function refOf({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  };
}

function isGoing({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

type Named = ObjectRef | KubeObject;
function placeOf(one: Named): { namespace?: string; name: string } {
  const { namespace, name } = 'metadata' in one ? one.metadata : one;
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

/** The API path of one object. */
export function pathOfRef(one: Named): string {
  return pathOf(kindOf(kindText(one)), placeOf(one));
}

function collectionOf(one: Named): string {
  const { namespace } = placeOf(one);
  return pathOf(kindOf(kindText(one)), namespace === undefined ? {} : { namespace });
}

function nameOf(one: Named): string {
  const { namespace, name } = placeOf(one);
  return `${one.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function expectOk(reply: KubeReply, what: string): void {
  if (reply.status < 300) return;
  throw new Error(`${what}: the API server answered ${reply.status}: ${saidIn(reply.body).slice(0, 500)}`);
}
