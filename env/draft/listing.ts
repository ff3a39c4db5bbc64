/** What a draft is made of: lists of the objects of a cluster, read page by page. No Secret is among them. */
import {
  apiProxy,
  KubeError,
  openCluster,
  skipsVerification,
  unavailableText,
} from '../../probes/kubernetes/index.ts';
import type { ClusterPin, KubeCluster } from '../../probes/kubernetes/index.ts';
import { trim } from '../../probes/kubernetes/cache/trim.ts';
import { kindOf } from '../../probes/kubernetes/kinds.ts';
import { ofKind } from '../../probes/kubernetes/objects.ts';
import type { ObjectOf } from '../../probes/kubernetes/objects.ts';
import type { KubeObject } from '../../probes/kubernetes/types.ts';
import { ROLLOUT, SCALED_OBJECT } from '../../probes/kubernetes/workloads.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { parseJson } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { z } from 'zod';

/** Kinds that are listed, all of which `plumbline-read` (deploy/rbac.yaml) may list. */
export const LISTED = [
  'v1/Namespace',
  'v1/Node',
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'apps/v1/DaemonSet',
  'batch/v1/Job',
  'v1/Pod',
  'v1/Service',
  'autoscaling/v2/HorizontalPodAutoscaler',
  'policy/v1/PodDisruptionBudget',
  'networking.k8s.io/v1/Ingress',
  'v1/PersistentVolumeClaim',
  'v1/PersistentVolume',
] as const;

/** No check lists them: they say which Jobs will come that are not there now. */
const CRON_JOB = 'batch/v1/CronJob';

/**
 * Kinds that not every cluster has, and CronJobs. They are listed where the API server names their group; `plumbline-operators`
 * (deploy/rbac.yaml) and `plumbline-init` (deploy/init.yaml) may list them.
 */
export const FURTHER = [CRON_JOB, ROLLOUT, SCALED_OBJECT] as const;
export type ListedKind = (typeof LISTED)[number] | (typeof FURTHER)[number];

/** Whether a part of the file is missing without these: a draft without CronJobs only says less. */
export function isDrafted(kind: ListedKind): boolean {
  return kind !== CRON_JOB;
}

/** What was seen of one cluster. */
export interface Listing {
  pin: ClusterPin;
  /** Of the API server, such as `v1.37.2`. */
  version: string;
  /** Name of the context that was used. */
  context: string;
  /** The name that the kubeconfig expects in the server's certificate, where it is not that of its address. */
  serverName: string | undefined;
  /** The kubeconfig does not verify the API server's certificate (`insecure-skip-tls-verify`). */
  skipsVerification: boolean;
  /** Through which the API server was reached, `host:port`; null: directly. */
  proxy: string | null;
  objects: { readonly [Kind in ListedKind]: readonly ObjectOf<Kind>[] };
  /** Kinds that could not be listed, and why. */
  refused: ReadonlyMap<ListedKind, string>;
  /** Calls to the API server. */
  calls: number;
}

/** A page holds 1,000 objects, of pods up to about 10 MB. */
const PAGE_TIMEOUT_MS = 30_000;

/**
 * Lists everything once, asks once which groups of kinds there are, and of a kind that it may not list whether its group has it: at most 60 calls for
 * 1,000 nodes and 10,000 pods.
 * @throws CommandError (64) for a kubeconfig that cannot be used; (2) for a server that does not answer, or refuses to show
 * the namespace kube-system
 */
export async function listCluster(options: {
  kubeconfig: string;
  context?: string | undefined;
  signal: AbortSignal;
  onKind?: (kind: ListedKind) => void;
}): Promise<Listing> {
  const { onKind, signal } = options;
  const cluster = opened(options);
  try {
    const pin = await cluster.pin();
    const version = await cluster.version();
    const refused = new Map<ListedKind, string>();
    const found = new Map<ListedKind, KubeObject[]>(FURTHER.map((kind) => [kind, []]));
    for (const kind of [...LISTED, ...(await installed(cluster, { refused, signal }))]) {
      onKind?.(kind);
      found.set(kind, await listed(cluster, { kind, refused, signal }));
    }
    const objects = Object.fromEntries(found) as unknown as Listing['objects'];
    const { config } = cluster.client.transport;
    const serverName = config.getCurrentCluster()?.tlsServerName;
    return {
      pin,
      version,
      objects,
      refused,
      serverName,
      proxy: apiProxy(config),
      skipsVerification: skipsVerification(config),
      context: config.getCurrentContext(),
      calls: cluster.calls().total,
    };
  } catch (cause) {
    if (!(cause instanceof KubeError) || signal.aborted) throw cause;
    throw new CommandError(`the cluster cannot be asked: ${unavailableText(cause)}`, EXIT.inconclusive, {
      cause,
    });
  } finally {
    cluster.close();
  }
}

function opened({ kubeconfig, context, signal }: Parameters<typeof listCluster>[0]): KubeCluster {
  try {
    return openCluster({
      kubeconfig,
      signal,
      requestTimeoutMs: PAGE_TIMEOUT_MS,
      ...(context !== undefined && { context }),
    });
  } catch (cause) {
    throw new CommandError(errorText(cause), EXIT.usage, { cause });
  }
}

const groups = z.object({
  groups: z.array(z.object({ versions: z.array(z.object({ groupVersion: z.string() })) })),
});

/**
 * Those whose group and version the API server has: one read (Kubernetes API concepts, "Discovery API"), which any account may make. A kind
 * whose group is there in other versions alone is noted as not seen.
 */
async function installed(
  cluster: KubeCluster,
  { refused, signal }: { refused: Map<ListedKind, string>; signal: AbortSignal },
): Promise<readonly ListedKind[]> {
  const { status, body } = await cluster.client.raw('/apis', { signal });
  const said = status === 200 ? groups.safeParse(parseJson(body)).data : undefined;
  if (said === undefined) {
    const why = `GET /apis answered ${status}: it is not known whether there are such objects`;
    for (const kind of FURTHER) refused.set(kind, why);
    return [];
  }
  const there = new Set(said.groups.flatMap(({ versions }) => versions.map((one) => one.groupVersion)));
  for (const kind of FURTHER) {
    const { apiVersion } = kindOf(kind);
    const like = [...there].filter((one) => groupIn(one) === groupIn(apiVersion));
    if (like.length > 0 && !like.includes(apiVersion))
      refused.set(kind, `the API server has ${like.join(', ')}, and only ${apiVersion} is read`);
  }
  return FURTHER.filter((kind) => there.has(kindOf(kind).apiVersion));
}

/** `apps` of `apps/v1`. */
const groupIn = (apiVersion: string): string | undefined => apiVersion.split('/')[0];

const resources = z.object({ resources: z.array(z.object({ name: z.string() })) });

/**
 * Whether a kind that could not be listed is not there, although its group is: Argo CD and Argo Rollouts share one. An account that may not list the
 * kind is refused before the API server looks for it, so that the group is asked for its kinds, which any account may do.
 */
async function isMissing(
  cluster: KubeCluster,
  { kind, error, signal }: { kind: ListedKind; error: KubeError; signal: AbortSignal },
): Promise<boolean> {
  if (error.reason !== 'forbidden') return error.reason === 'notFound';
  const { apiVersion, plural } = kindOf(kind);
  const { status, body } = await cluster.client.raw(`/apis/${apiVersion}`, { signal });
  const said = status === 200 ? resources.safeParse(parseJson(body)).data : undefined;
  return said !== undefined && said.resources.every(({ name }) => name !== plural);
}

/**
 * A kind that may not be listed, or that the server does not know, is noted; whatever else goes wrong ends the listing. Of what somebody installed
 * anything may go wrong, such as the webhook that converts it.
 */
async function listed(
  cluster: KubeCluster,
  { kind, refused, signal }: { kind: ListedKind; refused: Map<ListedKind, string>; signal: AbortSignal },
): Promise<KubeObject[]> {
  try {
    const { items } = await cluster.client.list(kind, { keep: thin }, { signal });
    const { items: whole, unavailable } = ofKind(kind, { items });
    if (unavailable !== undefined) refused.set(kind, unavailable);
    return whole;
  } catch (error) {
    const isInstalled = FURTHER.some((one) => one === kind);
    if (!(error instanceof KubeError) || signal.aborted) throw error;
    if (!isInstalled && !['forbidden', 'notFound'].includes(error.reason)) throw error;
    if (isInstalled && (await isMissing(cluster, { kind, error, signal }))) return [];
    refused.set(kind, unavailableText(error));
    return [];
  }
}

/**
 * Drops what may hold secrets: environment variables of templates, as `trim` does of pods, the triggers of KEDA, which name addresses, and of CronJobs
 * all but their names.
 */
function thin(object: KubeObject): KubeObject {
  if (object.kind === 'CronJob') Reflect.deleteProperty(object, 'spec');
  if (object.kind === 'ScaledObject') Reflect.deleteProperty(object['spec'] ?? {}, 'triggers');
  dropVariables(object);
  return trim(object);
}

function dropVariables(object: KubeObject): void {
  const template = (object['spec'] as { template?: { spec?: unknown } } | undefined)?.template?.spec;
  const { containers = [], initContainers = [] } = (template ?? {}) as Record<string, object[]>;
  for (const container of [...containers, ...initContainers])
    for (const field of ['env', 'envFrom']) Reflect.deleteProperty(container, field);
}
