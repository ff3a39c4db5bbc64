import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BlockedError } from '../../../env/providers/provider.ts';
import { bootMs, monoMs } from '../../../host/clock.ts';
import { KubeError, unavailableText } from '../../../probes/kubernetes/errors.ts';
import { oneLine } from '../../../reports/render/text.ts';
import { HeldError, RefusedError } from '../errors.ts';
import { pause } from './pause.ts';
import { formatHolder, holderSelf, holderState, parseHolder } from './place.ts';
import type { KubeCall, KubeReply } from '../types.ts';
import { CLOCK } from '../timers/cluster-timer.ts';
import { isTransient, saidIn } from '../timers/undo-kube.ts';

/** As Kubernetes' leader election: 15 s Lease, 10 s renew deadline. It tries every 2 s; here every 4 s is enough while renewals succeed. */
export const LEASE_SECONDS = 15;
const RENEW_DEADLINE_MS = 10_000;
const RENEW_EVERY_MS = 4_000;
/** After a renewal that failed: even a call that waited its whole 3 s in vain leaves time for another try before the deadline. */
const RETRY_AFTER_MS = 500;
const CALL_TIMEOUT_MS = 3_000;
export const LEASE_NAME = 'plumbline';

export type LeaseOptions = {
  readonly kube: KubeCall;
  readonly namespace: string;
  /** Called once, when the Lease can no longer be relied on. */
  readonly onLost: (reason: string) => void;
  readonly signal?: AbortSignal | undefined;
};

/** Loose: what is read is written back, with what others put into it. */
const leaseSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    resourceVersion: z.string().exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  }),
  spec: z.looseObject({
    holderIdentity: z.string().exactOptional(),
    leaseDurationSeconds: z.number().exactOptional(),
    acquireTime: z.string().exactOptional(),
    renewTime: z.string().exactOptional(),
    leaseTransitions: z.number().exactOptional(),
  }),
});
type LeaseObject = z.infer<typeof leaseSchema>;

/** Answers to who may not do that. */
const DENIED = [403];
/** Those to who creates a Lease: 404 where its namespace does not exist. */
const NOT_CREATED = [...DENIED, 404];

/**
 * One drill at a time: a Lease that is renewed while this process runs (one in a cluster: `one-system.ts`). Before an action only the
 * local monotonic deadline counts, 10 s after the last renewal was *sent*. A process that was paused finds it passed when it wakes, and does
 * nothing; others take the Lease over only after 15 s.
 */
export class Lease {
  readonly identity: string;
  readonly #options: LeaseOptions;
  readonly #path: string;
  readonly #collection: string;
  readonly #ended = new AbortController();
  #validUntilMs = 0;
  #current: LeaseObject | null = null;
  #lost: string | null = null;
  #gapAllowedUntilMs = 0;
  /** A renewal that was sent after this ends the permission for an observation gap. */
  #gapOverMs = Infinity;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(options: LeaseOptions) {
    this.#options = options;
    this.identity = formatHolder(holderSelf());
    this.#collection = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
    this.#path = `${this.#collection}/${LEASE_NAME}`;
  }

  /**
   * Takes the Lease and renews it from then on.
   * @throws HeldError when a living holder has it; RefusedError where the account may not hold it; BlockedError when the API server gives no
   * answer, is busy or fails; Error when it answers anything else.
   */
  static async take(options: LeaseOptions): Promise<Lease> {
    const lease = new Lease(options);
    try {
      await lease.#acquire();
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      throw new BlockedError(`the Lease ${LEASE_NAME} cannot be taken: ${unavailableText(error)}`, {
        cause: error,
      });
    }
    lease.#renewing = lease.#renewForEver();
    return lease;
  }

  /**
   * To be called right before every action.
   * @throws RefusedError when the local deadline has passed or another holder has the Lease.
   */
  assertHeld(): void {
    if (this.#lost === null && bootMs() >= this.#validUntilMs) {
      if (this.#gapAllowed())
        throw new RefusedError(
          'lease-lost',
          `the Lease ${this.#path} could not be renewed while the API server was away: nothing new begins until it is renewed`,
        );
      this.#lose(
        `it was not renewed within ${RENEW_DEADLINE_MS / 1000} s (was this process paused, or the API server away?)`,
      );
    }
    if (this.#lost !== null)
      throw new RefusedError(
        'lease-lost',
        `the Lease ${this.#path} is lost: ${this.#lost}. Nothing more is done; run plumbline restore`,
      );
  }

  /**
   * For a drill that takes the API server down: for this long, a Lease that cannot be renewed is unusable but not lost. No action begins on
   * it (`assertHeld`), actions in flight continue, and it counts again once it is renewed and still ours.
   */
  allowGap(forMs: number): void {
    this.#gapAllowedUntilMs = bootMs() + forMs;
    this.#gapOverMs = Infinity;
  }

  /** The API server was given back: after the next renewal, a Lease that expires is lost. */
  endGap(): void {
    this.#gapOverMs = bootMs();
  }

  /** Renews a Lease that expired while the API server was down; `assertHeld` says whether it worked. */
  async renewAfterGap(): Promise<void> {
    if (this.#lost === null && this.#gapAllowed() && bootMs() >= this.#validUntilMs) await this.#renew();
  }

  #gapAllowed(): boolean {
    return bootMs() < this.#gapAllowedUntilMs;
  }

  /** Whether another process holds the Lease, as last seen: then that process restores, and we must not. */
  get takenByOther(): boolean {
    const holder = this.#current?.spec.holderIdentity;
    return holder !== undefined && holder !== '' && holder !== this.identity;
  }

  /**
   * As `takenByOther`, but reads the Lease again when ours has expired: a paused process has missed what happened. If the API server does
   * not answer, the last reading counts.
   */
  async isTakenByOther(): Promise<boolean> {
    if (this.#lost === null && bootMs() < this.#validUntilMs) return this.takenByOther;
    try {
      this.#current = leaseOf(await this.#get());
    } catch {
      // No answer: the last reading counts.
    }
    return this.takenByOther;
  }

  /**
   * Who is known to hold the Lease: what others have in the cluster (mirror, undo Job) may be written only while it is ours. An expired one is
   * read again; without an answer it is not known.
   */
  async holder(): Promise<'us' | 'another' | 'nobody' | 'unknown'> {
    if (this.#lost !== null || bootMs() >= this.#validUntilMs)
      try {
        const seen = await this.#get();
        this.#current = seen.status === 404 ? null : leaseOf(seen);
      } catch {
        return 'unknown';
      }
    if (this.takenByOther) return 'another';
    return this.#current?.spec.holderIdentity === this.identity ? 'us' : 'nobody';
  }

  /** Gives the Lease back, if it is still ours. Never throws: an abandoned Lease ends by itself. */
  async release(): Promise<void> {
    this.#ended.abort();
    await this.#renewing;
    if (this.#current === null || this.takenByOther) return;
    const body = {
      ...this.#current,
      spec: { ...this.#current.spec, holderIdentity: '', leaseDurationSeconds: 1 },
    };
    await this.#put(body).catch(() => undefined);
  }

  async #acquire(): Promise<void> {
    for (;;) {
      const sentMs = bootMs();
      const seen = await this.#get();
      this.#assertPermitted(seen, DENIED);
      const current = seen.status === 404 ? null : leaseOf(seen);
      if (current !== null) await this.#awaitFree(current);
      const taken = current === null ? await this.#create() : await this.#put(this.#mine(current));
      // Somebody else wrote or deleted it in between: what is there now decides.
      if (taken.status === 409 || (taken.status === 404 && current !== null)) continue;
      this.#assertPermitted(taken, current === null ? NOT_CREATED : DENIED);
      this.#accept(taken, sentMs);
      return;
    }
  }

  #assertPermitted({ status, body }: KubeReply, denied: readonly number[]): void {
    if (!denied.includes(status)) return;
    const lease = `the Lease ${this.#options.namespace}/${LEASE_NAME}`;
    throw new RefusedError(
      'not-permitted',
      `nothing was begun: this account cannot hold ${lease}, which every run needs that may change something: ${oneLine(saidIn(body), 300)}. To look only, add --read-only; else plumbline doctor says what to add`,
    );
  }

  /** Returns once no living process holds the Lease. */
  async #awaitFree(current: LeaseObject): Promise<void> {
    const { holderIdentity = '', renewTime, leaseDurationSeconds = LEASE_SECONDS } = current.spec;
    if (holderIdentity === '' || holderIdentity === this.identity) return;
    const holder = parseHolder(holderIdentity);
    const state = holder === null ? 'unknown' : holderState(holder);
    if (state === 'gone') return;
    if (holder !== null && state === 'alive') {
      throw this.#held(holderIdentity, `process ${holder.pid} on this machine`, renewTime);
    }
    await this.#awaitExpiry(current, leaseDurationSeconds * 1000);
  }

  /** Another machine's clock cannot be compared with ours: only a Lease that we saw unchanged for its whole length is free. */
  async #awaitExpiry(current: LeaseObject, durationMs: number): Promise<void> {
    await sleep(durationMs, undefined, this.#options.signal ? { signal: this.#options.signal } : {});
    const { metadata, spec } = leaseOf(await this.#get());
    if (metadata.resourceVersion === current.metadata.resourceVersion) return;
    const identity = spec.holderIdentity ?? '';
    throw this.#held(identity, `host ${parseHolder(identity)?.host ?? identity}`, spec.renewTime);
  }

  #held(identity: string, who: string, renewTime: string | undefined): HeldError {
    const since = renewTime === undefined ? '' : `, renewed at ${renewTime}`;
    return new HeldError(
      identity,
      `the environment is held by ${said(who)} (${said(`${identity}${since}`)}); one run at a time: wait for that one, or end it and run plumbline restore`,
    );
  }

  async #renewForEver(): Promise<void> {
    let pauseMs = RENEW_EVERY_MS;
    while (this.#lost === null && (await pause(pauseMs, this.#ended.signal)))
      pauseMs = (await this.#renew()) ? RENEW_EVERY_MS : RETRY_AFTER_MS;
  }

  /** @returns whether it was renewed */
  async #renew(): Promise<boolean> {
    const sentMs = bootMs();
    if (sentMs >= this.#validUntilMs && !this.#gapAllowed()) {
      this.#lose(`it was not renewed within ${RENEW_DEADLINE_MS / 1000} s`);
      return false;
    }
    try {
      const current = leaseOf(await this.#get());
      this.#current = current;
      const { holderIdentity = '' } = current.spec;
      // Given back by whoever took it is not ours either: what happened meanwhile is not known.
      if (holderIdentity !== this.identity) {
        const who = holderIdentity === '' ? 'somebody, who gave it back,' : said(holderIdentity);
        this.#lose(`${who} took it`);
        return false;
      }
      const reply = await this.#put(this.#mine(current));
      if (reply.status !== 200) return false;
      this.#accept(reply, sentMs);
      return true;
    } catch {
      // No answer: the local deadline decides.
      return false;
    }
  }

  #accept(reply: KubeReply, sentMs: number): void {
    this.#current = leaseOf(reply);
    this.#validUntilMs = sentMs + RENEW_DEADLINE_MS;
    if (sentMs < this.#gapOverMs) return;
    this.#gapAllowedUntilMs = 0;
    this.#gapOverMs = Infinity;
  }

  #lose(reason: string): void {
    if (this.#lost !== null) return;
    this.#lost = reason;
    this.#options.onLost(`the Lease is lost: ${reason}`);
  }

  #mine(current: LeaseObject): LeaseObject {
    const mine = current.spec.holderIdentity === this.identity;
    const now = microTime();
    const transitions = (current.spec.leaseTransitions ?? 0) + (mine ? 0 : 1);
    return {
      ...current,
      metadata: {
        ...current.metadata,
        annotations: { ...current.metadata.annotations, [CLOCK]: String(monoMs()) },
      },
      spec: {
        holderIdentity: this.identity,
        leaseDurationSeconds: LEASE_SECONDS,
        acquireTime: mine ? (current.spec.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: transitions,
      },
    };
  }

  #create(): Promise<KubeReply> {
    const metadata = {
      name: LEASE_NAME,
      namespace: this.#options.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'plumbline' },
    };
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      ...this.#mine({ metadata, spec: {} }),
    };
    return this.#call({ method: 'POST', path: this.#collection, body });
  }

  #get(): Promise<KubeReply> {
    return this.#call({ method: 'GET', path: this.#path });
  }

  /** The resource version in it makes this a compare-and-set. */
  #put(body: LeaseObject): Promise<KubeReply> {
    return this.#call({ method: 'PUT', path: this.#path, body });
  }

  #call(request: { method: 'GET' | 'POST' | 'PUT'; path: string; body?: unknown }): Promise<KubeReply> {
    return this.#options.kube({ ...request, timeoutMs: CALL_TIMEOUT_MS });
  }
}

/** @throws BlockedError when the API server is busy or fails; Error when the answer is not a Lease. */
function leaseOf(reply: KubeReply): LeaseObject {
  if (reply.status !== 200 && reply.status !== 201) {
    const message = `the API server answered ${reply.status} for the Lease plumbline: ${saidIn(reply.body).slice(0, 300)}`;
    throw isTransient(reply) ? new BlockedError(message) : new Error(message);
  }
  const { data, error } = leaseSchema.safeParse(reply.body);
  if (data === undefined)
    throw new Error(
      `the API server's answer for the Lease plumbline is not a Lease: ${z.prettifyError(error)}`,
    );
  return data;
}

/** What is in the Lease, as messages quote it: whoever may write it may write anything. */
function said(text: string): string {
  return oneLine(text, 200);
}

/** Leases count in microseconds, JavaScript in milliseconds. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
