import { monoMs } from '../../../host/clock.ts';
import { lookUntil } from '../../../host/wait.ts';
import { devicesGiven, givenCommand } from '../../../probes/gpu/index.ts';
import type { Given } from '../../../probes/gpu/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';
import {
  canaryImage,
  canaryMetadata,
  canaryNamespace,
  canaryPod,
  CONTAINER_DEFAULTS,
  offOthers,
  onNodes,
  refOf,
} from '../../topology/_objects/canary.ts';
import { conditionTrue } from '../../topology/_objects/shapes.ts';
import type { PodObject } from '../../topology/_objects/shapes.ts';
import { gpuOf, poolOf } from './pool.ts';
import { refusalOf, whyNotStarted } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { devicesIn } from '../../../reports/record/names/device-words.ts';
import { errorText } from '../../../reports/record/error-text.ts';

const CONTAINER = 'canary';
/** The runner's cache is fed by watches, so that a look costs the API server nothing. */
const LOOK_EVERY_MS = 200;
/** Words by which kubelet says no more of a container than that it does not run yet. */
const BEING_CREATED = /^(ContainerCreating|PodInitializing|Pending)\b/;

export interface Canary {
  name: string;
  /** How many it asks for; 0: none. */
  devices: number;
  /** Whether it tolerates the taints of the pool; it does when left out. */
  tolerates?: boolean;
  /** The only node that it may run on. */
  node?: string;
  /** It keeps running for this long after it was asked to end. */
  lingersSeconds?: number;
  /** The scheduler never looks at it. */
  gated?: boolean;
}

/** What became of a canary. */
export interface Fate {
  /** refused: the scheduler has said for a while that it fits nowhere; failed: its node would not start it. */
  state: 'ready' | 'refused' | 'failed' | 'waiting';
  node: string | null;
  refusal: Refusal | null;
  detail: string;
  /** CLOCK_MONOTONIC ms at which that was seen. */
  atMs: number;
}

/** Creates canaries for the checks of devices, and removes them whatever happens. */
export class Canaries {
  readonly #ctx: CheckContext;
  readonly #image: string;
  readonly #made = new Map<string, KubeObject>();
  /** Grace periods, s, of those that were asked to end: they need not be removed. */
  readonly #ending = new Map<string, number>();

  private constructor(ctx: CheckContext, image: string) {
    this.#ctx = ctx;
    this.#image = image;
  }

  /** Runs the body with canaries, and removes them afterwards; skips it where there is no image for them. */
  static async use(ctx: CheckContext, body: (canaries: Canaries) => Promise<void>): Promise<void> {
    const image = gpuOf(ctx).image ?? (await canaryImage(ctx));
    if (image === null) {
      ctx.unavailable(
        'image',
        'declare gpu.image or network.probeImage: no declared workload with `serves: true` exists whose image could be used',
      );
      return;
    }
    const canaries = new Canaries(ctx, image);
    try {
      await body(canaries);
    } finally {
      await canaries.#removeAll();
    }
  }

  async start(canaries: readonly Canary[]): Promise<void> {
    const pods = canaries.map((canary) => podFor(this.#ctx, this.#image, canary));
    for (const pod of pods) this.#made.set(pod.metadata.name, pod);
    await this.#ctx.cluster.apply(pods);
  }

  /** Asks a canary to end; returns when it was asked (CLOCK_MONOTONIC ms). */
  async end(name: string, graceSeconds: number): Promise<number> {
    const pod = this.#made.get(name);
    if (pod === undefined) throw new Error(`there is no canary "${name}"`);
    const askedMs = monoMs();
    await this.#ctx.cluster.remove([refOf(pod)], { graceSeconds });
    this.#ending.set(name, graceSeconds);
    return askedMs;
  }

  /** Removes one at once and forgets it. */
  async drop(name: string): Promise<void> {
    const pod = this.#made.get(name);
    this.#made.delete(name);
    if (pod !== undefined) await this.#ctx.cluster.remove([refOf(pod)]);
  }

  /**
   * Follows a canary until it is ready, has failed, or the scheduler has refused it for `refusedForMs`; `waiting` at the deadline.
   * @param refusedForMs Infinity: a refusal is waited out
   */
  async follow(name: string, of: { timeoutMs: number; refusedForMs: number }): Promise<Fate> {
    const ctx = this.#ctx;
    let refusedSinceMs = Infinity;
    const { pod, fate, isOut } = await lookUntil(
      async () => {
        const seen = await this.#pod(name);
        const atMs = monoMs();
        const now = fateOf(seen, atMs);
        const refused = now.state === 'waiting' && now.node === null && isRefused(seen);
        refusedSinceMs = refused ? Math.min(refusedSinceMs, atMs) : Infinity;
        return { pod: seen, fate: now, isOut: atMs - refusedSinceMs >= of.refusedForMs };
      },
      (seen) => seen.fate.state !== 'waiting' || seen.isOut,
      { deadlineMs: of.timeoutMs, intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
    );
    const namespace = canaryNamespace(ctx);
    if (isOut) return { ...fate, state: 'refused', refusal: await refusalOf(ctx, pod, namespace) };
    if (fate.state !== 'waiting' || fate.node === null || !BEING_CREATED.test(fate.detail)) return fate;
    return { ...fate, detail: (await whyNotStarted(ctx, pod, namespace)) ?? fate.detail };
  }

  /** Starts canaries that hold devices and records what each was given. Returns those that are ready, by name. */
  async hold(canaries: readonly Canary[]): Promise<Map<string, Fate>> {
    const ctx = this.#ctx;
    await this.start(canaries);
    const refusedForMs = ctx.timeoutMs('unschedulable');
    const ready = new Map<string, Fate>();
    await Promise.all(
      canaries.map(async (canary) => {
        const fate = await this.follow(canary.name, { timeoutMs: ctx.timeoutMs('podReady'), refusedForMs });
        const given = fate.state === 'ready' ? await this.#given(canary.name) : NOTHING;
        record(ctx, canary, { fate, given });
        if (fate.state === 'ready') ready.set(canary.name, fate);
      }),
    );
    return ready;
  }

  /** Runs a command in a canary that may have to wait for its devices. */
  exec(name: string, command: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return this.#ctx.cluster.exec({
      namespace: canaryNamespace(this.#ctx),
      pod: name,
      container: CONTAINER,
      command,
      timeoutMs: this.#ctx.timeoutMs('gpuAnswer') + this.#ctx.timeoutMs('apiRequest'),
    });
  }

  /** Which devices the container was given, by what is in it, and whether they are there. */
  async #given(name: string): Promise<Given> {
    const given = await this.#named(name);
    if (given.present || gpuOf(this.#ctx).simulated) return given;
    return { ...given, present: await this.#answers(name) };
  }

  /** Whether `gpu.workload` is declared, and finds a device in a canary. */
  async #answers(name: string): Promise<boolean> {
    const { workload } = gpuOf(this.#ctx);
    if (workload === undefined) return false;
    try {
      const { code, stdout, stderr } = await this.exec(name, workload);
      return code === 0 && devicesIn(`${stdout}${stderr}`) === 'some';
    } catch {
      this.#ctx.signal.throwIfAborted();
      return false;
    }
  }

  async #named(name: string): Promise<Given> {
    const { variable, kind, simulated } = gpuOf(this.#ctx);
    const smiSeconds = Math.ceil(this.#ctx.timeoutMs('gpuAnswer') / 1000);
    try {
      const { code, stdout, stderr } = await this.exec(name, givenCommand(smiSeconds));
      if (code !== 0)
        throw new Error(`reading its environment exited with ${code}: ${stderr.trim().slice(0, 200)}`);
      return devicesGiven(stdout, { variable, kind, simulated });
    } catch (error) {
      this.#ctx.signal.throwIfAborted();
      this.#ctx.unavailable(`devices of ${name}`, errorText(error));
      return { ...NOTHING, detail: 'its environment could not be read' };
    }
  }

  async #pod(name: string): Promise<PodObject | undefined> {
    const { items, unavailable } = await this.#ctx.cluster.list({
      kind: 'v1/Pod',
      namespace: canaryNamespace(this.#ctx),
    });
    if (unavailable !== undefined) throw new Error(`pods cannot be followed: ${unavailable}`);
    return items.find(({ metadata }) => metadata.name === name);
  }

  async #removeAll(): Promise<void> {
    const names = [...this.#made.keys()];
    if (names.length === 0) return;
    const ctx = this.#ctx;
    const left = [...this.#made.values()].filter(({ metadata }) => !this.#ending.has(metadata.name));
    const graceMs = Math.max(0, ...this.#ending.values()) * 1000;
    await ctx.step('remove the pods', async () => {
      await ctx.cluster.remove(left.map(refOf));
      await ctx.cluster.wait({
        kind: 'v1/Pod',
        namespace: canaryNamespace(ctx),
        names,
        until: 'gone',
        count: 0,
        timeoutMs: graceMs + ctx.timeoutMs('podGone'),
      });
    });
  }
}

/** For a container that does not run. */
const NOTHING: Given = { devices: null, reportedBy: null, present: false, detail: '', sources: [] };

/** Records a canary that requests devices, and which devices it was given. */
function record(ctx: CheckContext, canary: Canary, of: { fate: Fate; given: Given }): void {
  const { state, node, refusal, detail } = of.fate;
  const { devices, reportedBy, present, sources, detail: why } = of.given;
  ctx.record('gpu-pod', {
    pod: canary.name,
    asked: canary.devices,
    state,
    node,
    devices,
    reportedBy,
    ...(sources.length > 0 && { sources }),
    ...(state === 'ready' && !gpuOf(ctx).simulated && { present }),
    detail: why !== '' ? why : (refusal?.message ?? detail),
  });
}

/** The fate of a pod by its status alone, without any wait. */
export function fateOf(pod: PodObject | undefined, atMs: number): Fate {
  if (pod === undefined) return { state: 'waiting', node: null, refusal: null, detail: 'not there', atMs };
  const { phase = 'no status', conditions } = pod.status;
  const fate = { node: pod.spec.nodeName ?? null, refusal: null, atMs };
  if (phase === 'Failed') return { ...fate, state: 'failed', detail: failureOf(pod) };
  if (conditionTrue(conditions, 'Ready')) return { ...fate, state: 'ready', detail: phase };
  return { ...fate, state: 'waiting', detail: waitText(pod) ?? phase };
}

/** Why its container does not run yet, in the words of kubelet: `ImagePullBackOff: Back-off pulling image "…"`; undefined: kubelet has said nothing. */
function waitText({ status }: PodObject): string | undefined {
  const of = status.containerStatuses?.find(({ name }) => name === CONTAINER)?.state?.waiting;
  if (of?.reason === undefined) return undefined;
  return of.message === undefined ? of.reason : `${of.reason}: ${of.message}`;
}

function failureOf({ status }: PodObject): string {
  const { reason = 'Failed', message = '' } = status;
  return `${reason}: ${message}`;
}

function isRefused(pod: PodObject | undefined): boolean {
  return (pod?.status.conditions ?? []).some(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );
}

function podFor(ctx: CheckContext, image: string, canary: Canary): KubeObject {
  const { resource, runtimeClass, priorityClass, simulated } = gpuOf(ctx);
  const asks = canary.devices > 0;
  const asked = asks ? { [resource]: String(canary.devices) } : {};
  const { requests, limits: small } = CONTAINER_DEFAULTS.resources;
  const limits = asks && !simulated ? WITH_DEVICE : small;
  const { taints } = poolOf(ctx);
  const tolerations = taints.map(({ key, effect }) => ({ key, operator: 'Exists', effect }));
  const container = {
    name: CONTAINER,
    image,
    command: ['busybox', 'sh', '-c', scriptFor(canary)],
    resources: { requests: { ...requests, ...asked }, limits: { ...limits, ...asked } },
  };
  return canaryPod(canaryMetadata(ctx, canary.name), container, {
    ...(asks && runtimeClass !== undefined && { runtimeClassName: runtimeClass }),
    ...placing(priorityClass, canary),
    ...(canary.node === undefined ? offOthers(ctx) : { affinity: onNodes([canary.node]) }),
    ...(canary.tolerates !== false && { tolerations }),
  });
}

/** What the scheduler may do for it. */
function placing(priorityClass: string | undefined, { gated = false }: Canary): Record<string, unknown> {
  return {
    ...(priorityClass !== undefined && { priorityClassName: priorityClass }),
    ...(gated && { schedulingGates: [{ name: 'plumbline.dev/never' }] }),
  };
}

/** What the driver's own programs take: `nvidia-smi` maps the driver's libraries, and `gpu.workload` may do more. */
const WITH_DEVICE = { cpu: '1', memory: '512Mi' };

/** Ends on SIGTERM, or not before it is killed. Without a trap, PID 1 of a container ignores SIGTERM. */
function scriptFor({ lingersSeconds = 0 }: Canary): string {
  const trap = lingersSeconds > 0 ? `trap '' TERM` : `trap 'exit 0' TERM`;
  return `${trap}; busybox sleep 3600 & wait`;
}
