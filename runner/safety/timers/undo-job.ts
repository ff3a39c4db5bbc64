import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { monoMs } from '../../../host/clock.ts';
import { lookUntil } from '../../../host/wait.ts';
import { NO_SIDECAR } from '../../../reports/record/names/no-sidecar.ts';
import type { KubeCall, KubeRollback, KubeReply } from '../types.ts';
import { RefusedError } from '../errors.ts';
import { UNDO_NAME, undoAccountOf, undoesElsewhere } from './undo-account.ts';
import { deleteOptions, isTransient, saidIn } from './undo-kube.ts';

const CALL_TIMEOUT_MS = 10_000;
/** A small pod whose image is on the node is up in about 3 s; on two busy cores it can be several times that. Where it is pulled, `readyMs` says. */
const READY_DEADLINE_MS = 45_000;
const READY_LOOK_MS = 250;
/** An API server that is busy or fails for longer than this is not waited for: what is broken by then must be undone, which waits for actions under way. */
const BUSY_MS = 5_000;
const LOOKED_FOLDER = '/looked';
const LOOKED_FILE = `${LOOKED_FOLDER}/once`;
/** It looks again as long as its pod is waited for, and so much longer, s. */
const LOOKS_LONGER_S = 75;
/** Kubernetes' maximum: while something is open the Job continues, however often its pod is lost. */
const BACKOFF_LIMIT = 2 ** 31 - 1;
const APPLY = 'application/apply-patch+yaml';
/** Conditions of a Job that has ended, or is about to. */
const ENDED = ['Complete', 'Failed', 'SuccessCriteriaMet', 'FailureTarget'];
const LABELS = { 'app.kubernetes.io/managed-by': 'plumbline', 'app.kubernetes.io/name': UNDO_NAME };

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };
/** The fields that show whether a Job runs. */
const jobSchema = z.object({
  metadata: z.object({ deletionTimestamp: z.string().optional() }).optional(),
  status: z
    .object({
      ready: z.number().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
    })
    .optional(),
});
const why = z.object({ reason: z.string().optional(), message: z.string().optional() });
const stateSchema = z.object({
  waiting: why.optional(),
  terminated: why.extend({ exitCode: z.number().optional() }).optional(),
});
const podStatus = z.object({
  conditions: z.array(why.extend({ type: z.string(), status: z.string() })).optional(),
  containerStatuses: z
    .array(z.object({ state: stateSchema.optional(), lastState: stateSchema.optional() }))
    .optional(),
});
type PodStatus = z.infer<typeof podStatus>;
const podsSchema = z.object({ items: z.array(z.object({ status: podStatus.optional() })) });
/** Of the reason and the message of each; of a log that is the most of what `node` says of itself. */
const SAID_CHARACTERS = 600;

/** `unanswered`: what the API server said in place of the Job, which may be there or not. */
type JobObject = z.infer<typeof jobSchema> & { unanswered?: string };

export type UndoJobOptions = {
  readonly kube: KubeCall;
  readonly namespace: string;
  /** An image with `node` on its PATH. */
  readonly image: string;
  readonly runId: string;
  /** How long its pod may take until it runs, with its image and a place on a node, ms (timeouts.podReady). */
  readonly readyMs?: number | undefined;
  /** The embedded environment has no owners besides us: its Job gets its rights from us. Anywhere else it gets none from us. */
  readonly embedded?: boolean;
};

/** The Job in the cluster that undoes what went through the API server when the harness is gone. */
export class UndoJob {
  readonly #options: UndoJobOptions;
  readonly #rules = new Map<string, Rule>();
  #armed = false;
  /** Jobs of this run that have ended by themselves. */
  #ended = 0;
  /** Outside embedded environments, the namespaces in which the owners of the cluster let the Job undo; null: not read yet. */
  #undoesIn: readonly string[] | null = null;

  constructor(options: UndoJobOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that a Job runs and may undo these. One Job serves the whole run; its rights grow with what it must undo. When the Lease is
   * not renewed for a while the Job ends, and another one is started.
   * @throws RefusedError where the owners of the cluster gave it no account, or not these rights; Error when it cannot be started or does not come
   * up: then the action must not begin.
   */
  async arm(rollbacks: readonly KubeRollback[], signal?: AbortSignal): Promise<void> {
    if (this.#options.embedded !== true) {
      this.#undoesIn ??= await this.#whereGiven();
      refuseOutside(this.#undoesIn, rollbacks);
    } else if (this.#addRules(rollbacks)) await this.#applyRights();
    if (this.#armed && (await this.#runs(signal))) return;
    this.#armed = false;
    await this.#applyScript();
    await this.#call('POST', this.#jobs(), this.#job());
    const name = this.#name();
    if (!(await this.#runs(signal)))
      throw new Error(`the Job ${this.#options.namespace}/${name} ended as soon as it was started`);
    this.#armed = true;
  }

  /** Removes the Job, any that an earlier run left, and in an embedded environment the cluster-wide rights that this run granted. */
  async disarm(): Promise<void> {
    this.#armed = false;
    const selector = encodeURIComponent(`app.kubernetes.io/name=${UNDO_NAME}`);
    await this.#call('DELETE', `${this.#jobs()}?labelSelector=${selector}`, deleteOptions(undefined));
    if (this.#rules.size === 0) return;
    this.#rules.clear();
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    for (const path of [`${rbac}/clusterrolebindings/${UNDO_NAME}`, `${rbac}/clusterroles/${UNDO_NAME}`]) {
      await this.#call('DELETE', path, undefined, [404]);
    }
  }

  async #whereGiven(): Promise<readonly string[]> {
    const account = await undoAccountOf(this.#options.kube, this.#options.namespace);
    if ('problem' in account) throw new RefusedError('not-permitted', `undo Job: ${account.problem}`);
    return account.namespaces;
  }

  #addRules(rollbacks: readonly KubeRollback[]): boolean {
    const before = this.#rules.size;
    for (const rollback of rollbacks)
      for (const rule of rulesFor(rollback)) this.#rules.set(JSON.stringify(rule), rule);
    return this.#rules.size > before;
  }

  async #applyRights(): Promise<void> {
    const { namespace } = this.#options;
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const subjects = [{ kind: 'ServiceAccount', name: UNDO_NAME, namespace }];
    const role = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: UNDO_NAME });
    const own = [
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['plumbline'],
        verbs: ['get'],
      },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['plumbline-journal'],
        verbs: ['get', 'patch'],
      },
    ];
    const inNamespace = `${rbac}/namespaces/${namespace}`;
    await this.#apply(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
    });
    await this.#apply(`${inNamespace}/roles`, { ...rbacObject('Role'), rules: own });
    await this.#apply(`${inNamespace}/rolebindings`, {
      ...rbacObject('RoleBinding'),
      subjects,
      roleRef: role('Role'),
    });
    await this.#apply(`${rbac}/clusterroles`, {
      ...rbacObject('ClusterRole'),
      rules: [...this.#rules.values()],
    });
    await this.#apply(`${rbac}/clusterrolebindings`, {
      ...rbacObject('ClusterRoleBinding'),
      subjects,
      roleRef: role('ClusterRole'),
    });
  }

  async #applyScript(): Promise<void> {
    const text = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
    const data = {
      'package.json': '{"type":"module"}\n',
      'cluster-timer.ts': text('cluster-timer.ts'),
      'undo-kube.ts': text('undo-kube.ts'),
    };
    await this.#apply(`/api/v1/namespaces/${this.#options.namespace}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data,
    });
  }

  #job(): object {
    const { namespace } = this.#options;
    return {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: this.#name(), namespace, labels: LABELS },
      spec: {
        backoffLimit: BACKOFF_LIMIT,
        ttlSecondsAfterFinished: 300,
        template: {
          metadata: { labels: { ...LABELS, ...NO_SIDECAR.labels }, annotations: NO_SIDECAR.annotations },
          spec: podSpec({ ...this.#options, readyMs: this.#readyMs }),
        },
      },
    };
  }

  /**
   * Waits until the Job runs; if it runs already, a single request.
   * @returns false when it has ended or is gone: the next one has another name
   */
  async #runs(signal: AbortSignal | undefined): Promise<boolean> {
    const isReady = (job: JobObject | null): boolean => (job?.status?.ready ?? 0) >= 1;
    let answeredMs = monoMs();
    const seen = await lookUntil(
      async () => {
        const job = await this.#look();
        if (job?.unanswered === undefined) answeredMs = monoMs();
        return job;
      },
      (job) => isOver(job) || isReady(job) || monoMs() - answeredMs > BUSY_MS,
      { deadlineMs: this.#readyMs, intervalMs: READY_LOOK_MS, signal },
    );
    if (seen?.unanswered !== undefined) throw new Error(seen.unanswered);
    if (isOver(seen)) {
      this.#ended++;
      return false;
    }
    if (isReady(seen)) return true;
    throw new Error(
      `waited ${this.#readyMs / 1000} s for the Job ${this.#options.namespace}/${this.#name()} to run; ` +
        `last seen: ${JSON.stringify(seen?.status ?? {})}${await this.#saidOfPods()}; ` +
        `next: kubectl -n ${this.#options.namespace} describe job,pod -l app.kubernetes.io/name=${UNDO_NAME}, and logs of the same label: it is ready once it has read the Lease and the journal`,
    );
  }

  get #readyMs(): number {
    return this.#options.readyMs ?? READY_DEADLINE_MS;
  }

  /** Why its pod does not run, by what Kubernetes says of it; empty where that cannot be read. */
  async #saidOfPods(): Promise<string> {
    const { namespace, image } = this.#options;
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(`job-name=${this.#name()}`)}`;
    const answer = await this.#send('GET', path).catch(() => null);
    const pods = podsSchema.safeParse(answer?.body).data?.items ?? [];
    const said = pods.flatMap(({ status }) => whyNotReady(status ?? {}));
    return said.length === 0 ? '' : `; its pod (image ${image}): ${said.join('; ')}`;
  }

  /** null: it is not there. What a busy API server answers is no reason not to look again. */
  async #look(): Promise<JobObject | null> {
    const path = `${this.#jobs()}/${this.#name()}`;
    const reply = await this.#send('GET', path);
    if (reply.status === 404) return null;
    if (isTransient(reply)) return { unanswered: refused('GET', path, reply).message };
    if (reply.status !== 200) throw refused('GET', path, reply);
    const { data } = jobSchema.safeParse(reply.body);
    if (data === undefined) throw refused('GET', path, reply);
    return data;
  }

  #name(): string {
    const run = this.#options.runId
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(-40)
      .replace(/^-+/, '');
    return `${UNDO_NAME}-${run}${this.#ended === 0 ? '' : `-${this.#ended + 1}`}`;
  }

  #jobs(): string {
    return `/apis/batch/v1/namespaces/${this.#options.namespace}/jobs`;
  }

  #apply(collection: string, object: object): Promise<unknown> {
    const namespace = collection.includes('/namespaces/') ? { namespace: this.#options.namespace } : {};
    const body = { ...object, metadata: { name: UNDO_NAME, labels: LABELS, ...namespace } };
    return this.#call('PATCH', `${collection}/${UNDO_NAME}?fieldManager=plumbline-undo&force=true`, body);
  }

  async #call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    alsoFine: number[] = [],
  ): Promise<unknown> {
    const reply = await this.#send(method, path, body);
    // 409 to a POST: an earlier try got through.
    const fine =
      reply.status < 300 || alsoFine.includes(reply.status) || (method === 'POST' && reply.status === 409);
    if (fine) return reply.body;
    throw refused(method, path, reply);
  }

  #send(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): ReturnType<KubeCall> {
    const contentType = method === 'PATCH' ? { contentType: APPLY } : {};
    return this.#options.kube({ method, path, body, timeoutMs: CALL_TIMEOUT_MS, ...contentType });
  }
}

/** Reasons that Kubernetes gives for a pod that is not ready: no place on a node, no image, a container that ended. */
function whyNotReady({ conditions = [], containerStatuses = [] }: PodStatus): string[] {
  const placed = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  const ofContainers = containerStatuses.flatMap(({ state, lastState }) => {
    const ended = state?.terminated ?? lastState?.terminated;
    return [
      ...(state?.waiting === undefined ? [] : [`waiting: ${textOf(state.waiting)}`]),
      ...(ended === undefined ? [] : [`ended with ${ended.exitCode ?? '?'}: ${textOf(ended)}`]),
    ];
  });
  return [...(placed === undefined ? [] : [`not scheduled: ${textOf(placed)}`]), ...ofContainers];
}

function textOf({ reason, message }: z.infer<typeof why>): string {
  const said = [reason, message].filter((one) => one !== undefined && one !== '').join(': ');
  return said.replaceAll(/\s+/g, ' ').trim().slice(0, SAID_CHARACTERS) || 'no reason is given';
}

/** Whether the Job has ended, with any result, or is being deleted. */
function isOver(job: JobObject | null): boolean {
  if (job === null || job.metadata?.deletionTimestamp !== undefined) return true;
  return (job.status?.conditions ?? []).some(({ type, status }) => status === 'True' && ENDED.includes(type));
}

function refused(method: string, path: string, { status, body }: KubeReply): Error {
  return new Error(`undo Job: ${method} ${path} answered ${status}: ${saidIn(body).slice(0, 300)}`);
}

/** The minimum RBAC rules for undoing this. */
export function rulesFor(rollback: KubeRollback): Rule[] {
  const match =
    /^\/apis?\/(?:(?<group>[^/]+\.[^/]+|apps|batch|autoscaling|policy|extensions)\/)?v[^/]+\/(?:namespaces\/[^/]+\/)?(?<resource>[^/?]+)/.exec(
      rollback.path,
    );
  const resource = match?.groups?.['resource'];
  if (resource === undefined) throw new Error(`journal: no resource in the API path ${rollback.path}`);
  const verbs = {
    'kube-patch': ['get', 'patch'],
    'kube-delete': ['get', 'delete'],
    'kube-end': ['get', 'delete'],
    'kube-create': ['get', 'create'],
  }[rollback.kind];
  return [{ apiGroups: [match?.groups?.['group'] ?? ''], resources: [resource], verbs }];
}

/** @throws RefusedError for what the Job may not undo: then the action must not begin. */
function refuseOutside(namespaces: readonly string[], rollbacks: readonly KubeRollback[]): void {
  for (const { path } of rollbacks) {
    const namespace = /\/namespaces\/(?<name>[^/]+)\/./.exec(path)?.groups?.['name'];
    if (namespace !== undefined && namespaces.includes(namespace)) continue;
    throw new RefusedError('not-permitted', undoesElsewhere(namespaces, `at ${path}`));
  }
}

function rbacObject(kind: string): { apiVersion: string; kind: string } {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind };
}

function podSpec({
  image,
  namespace,
  readyMs,
}: {
  image: string;
  namespace: string;
  readyMs: number;
}): object {
  return {
    serviceAccountName: UNDO_NAME,
    restartPolicy: 'OnFailure',
    terminationGracePeriodSeconds: 0,
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'undo',
        image,
        command: ['node', '/undo/cluster-timer.ts'],
        env: [
          { name: 'PLUMBLINE_UNDO_NAMESPACE', value: namespace },
          { name: 'PLUMBLINE_UNDO_LOOKED', value: LOOKED_FILE },
        ],
        volumeMounts: [
          { name: 'script', mountPath: '/undo', readOnly: true },
          { name: 'looked', mountPath: LOOKED_FOLDER },
        ],
        // Without it, why `node` ended would be in its log alone.
        terminationMessagePolicy: 'FallbackToLogsOnError',
        // Ready once it has read Lease and mirror: a Job whose account may not would undo nothing.
        startupProbe: {
          exec: { command: ['node', '-e', `require('fs').accessSync('${LOOKED_FILE}')`] },
          periodSeconds: 1,
          timeoutSeconds: 10,
          failureThreshold: Math.ceil(readyMs / 1000) + LOOKS_LONGER_S,
        },
        resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { cpu: '500m', memory: '160Mi' } },
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
    volumes: [
      { name: 'script', configMap: { name: UNDO_NAME } },
      { name: 'looked', emptyDir: { sizeLimit: '1Mi' } },
    ],
  };
}
