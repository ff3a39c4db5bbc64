/** What the cluster lacks before the platform can run: namespaces, volumes, metrics. */
import { waitFor } from '../../../../host/wait.ts';
import { bare, NONROOT, programs, type ImageRecipe } from '../../images/recipes.ts';
import type { PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { part, type Part } from '../part.ts';
import type { Secrets } from '../secrets.ts';

/** CPU and memory of pods and nodes, which autoscalers read. */
const METRICS = { name: 'metrics-server', group: 'metrics.k8s.io' } as const;

/**
 * What every platform has: volumes and metrics, in the namespaces that a `namespaces.yaml` makes.
 * @param namespaces folder of that file
 * @param storageClass name of the class of its volumes
 */
export function systemPart(namespaces: string, storageClass: string): Part {
  return part({
    name: 'system',
    objects: (context, secrets) => [
      // Namespaces first: the rest lives in them.
      ...render(context, secrets, { folder: namespaces, files: ['namespaces.yaml'] }),
      ...render(context, secrets, { folder: 'system', files: ['storage.yaml'], values: { storageClass } }),
      ...aggregatedObjects(context, secrets, METRICS),
    ],
    works: (context) => waitApi(context, METRICS.group),
  });
}

export const system = systemPart('system', 'plumbline-local');

interface Aggregated {
  readonly name: string;
  readonly group: string;
  /** What it has of its own beside the file of its name here: absolute. Default: nothing. */
  readonly files?: readonly string[];
  readonly values?: Readonly<Record<string, string>>;
}

/** Those of a server behind the aggregation layer of Kubernetes. */
export function aggregatedObjects(
  context: PlatformContext,
  secrets: Secrets,
  { name, group, files = [], values }: Aggregated,
): KubeObject[] {
  return render(context, secrets, {
    folder: 'system',
    files: ['aggregated.yaml', `${name}.yaml`, ...files],
    values: { name, group, ...values },
  });
}

/** prometheus-adapter: what Prometheus measures, for autoscalers. */
const ADAPTER = 'prometheus-adapter';

export const ADAPTER_IMAGE: ImageRecipe = {
  name: ADAPTER,
  tag: { module: 'sigs.k8s.io/prometheus-adapter' },
  layers: [bare, programs(ADAPTER)],
  run: { entrypoint: [ADAPTER], user: NONROOT, workdir: '/tmp' },
};

/**
 * An adapter that serves one API.
 * @param of.prometheus URL of what it asks
 * @param of.rules absolute path of a manifest with its rules
 */
export function adapterObjects(
  context: PlatformContext,
  secrets: Secrets,
  {
    group,
    prometheus,
    rules,
  }: { readonly group: string; readonly prometheus: string; readonly rules: string },
): KubeObject[] {
  return aggregatedObjects(context, secrets, {
    name: ADAPTER,
    group,
    files: [rules],
    values: { prometheus },
  });
}

const DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until an API behind the aggregation layer answers. */
export async function waitApi(context: PlatformContext, group: string): Promise<void> {
  const name = `apiservice/v1beta1.${group}`;
  await waitFor(async () => await answersFor(context, name), {
    what: `the API server of ${context.instance} to reach ${name}`,
    deadlineMs: DEADLINE_MS,
    intervalMs: 300,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} describe ${name}`,
  });
}

/** @throws with why the API server does not reach it */
async function answersFor(context: PlatformContext, name: string): Promise<true> {
  const text = await context.kubectl(['get', name, '-o', 'json']);
  const { status } = JSON.parse(text) as {
    status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
  };
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  if (available?.status === 'True') return true;
  throw new Error(`${available?.reason ?? 'no condition yet'}: ${available?.message ?? ''}`);
}
