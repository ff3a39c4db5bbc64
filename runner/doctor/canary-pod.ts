/**
 * Whether the API server lets a pod of canaries in. A DaemonSet of theirs is accepted whatever becomes of its pods, so the labels of the namespace say too
 * little: a quota and other admission (Kyverno, Gatekeeper, a webhook) refuse pods as well.
 */
import type { Environment } from '../../env/schema.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { isInjected } from '../../reports/record/names/topology-names.ts';
import { canaryLabels, canaryPod } from '../../suites/topology/_objects/canary.ts';
import type { KubeCall, KubeReply } from '../provider-safety.ts';
import { saidIn, textAt } from '../safety/timers/undo-kube.ts';
import { missing, ok, unknown } from './item.ts';
import type { Item } from './item.ts';

/** Answers of an API server that has refused a request for what is in it. */
const REFUSED = [400, 403, 422];
/** A webhook that acts beside its answer may not be asked (kubernetes.io, "Dynamic Admission Control", sideEffects). */
const NOT_ASKED = /does not support dry run/;
/** Words of RBAC, which is asked before admission. */
const NO_RIGHT = /cannot create resource/;
const MAX_CHARS = 500;
const ADD =
  'admit the pods of canaries there: an exception of the policy for this namespace, or a higher quota';

export interface Asking {
  kube: KubeCall;
  cluster: Pick<KubeCluster, 'list'>;
  timeoutMs: number;
  /** Whether checks of devices make canaries: these have `gpu.priorityClass`, and may have an image of their own. */
  asksDevices?: boolean;
}

/** Asks by a server-side dry run, which runs admission and stores nothing. None where no image for canaries is known. */
export async function canaryPodItems(environment: Environment, asking: Asking): Promise<Item[]> {
  const namespace = environment.namespaces.canary;
  const what = `a pod of canaries in ${namespace}`;
  try {
    const gpu = asking.asksDevices === true ? environment.gpu : undefined;
    const image = (await imageOf(environment, asking.cluster)) ?? gpu?.image;
    if (image === undefined) return [];
    const priorityClass = gpu?.priorityClass;
    const body = canaryPod(
      { name: 'plumbline-doctor', namespace, labels: canaryLabels({ id: 'doctor' }) },
      { name: 'canary', image },
      priorityClass === undefined ? {} : { priorityClassName: priorityClass },
    );
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const reply = await asking.kube({ method: 'POST', path, body, timeoutMs: asking.timeoutMs });
    return [itemOf(what, reply, priorityClass)];
  } catch (error) {
    return [unknown(what, errorText(error))];
  }
}

function itemOf(what: string, { status, body }: KubeReply, priorityClass: string | undefined): Item {
  // Admission writes the policy of the class into the pod.
  if (status === 201 && priorityClass !== undefined && textAt(body, 'spec', 'preemptionPolicy') !== 'Never')
    return missing(
      what,
      `gpu.priorityClass: PriorityClass ${priorityClass} has no preemptionPolicy Never, so that canaries might displace pods`,
      'gpu: { priorityClass: NAME }   # one with preemptionPolicy: Never',
    );
  if (status === 201) return ok(what, 'the API server would admit it (dry run)');
  const said = saidIn(body).slice(0, MAX_CHARS);
  if (status === 403 && NO_RIGHT.test(said))
    return unknown(what, 'the account may not create pods there, so that admission was not asked');
  if (REFUSED.includes(status) && !NOT_ASKED.test(said))
    return missing(what, `the API server would refuse it: ${said}`, ADD);
  return unknown(what, `the API server answered ${status}: ${said}`);
}

/** As the checks choose it (suites/topology/_objects/canary.ts), but that no Rollout is looked at. */
async function imageOf({ topology }: Environment, cluster: Asking['cluster']): Promise<string | null> {
  const { network, workloads } = topology;
  if (network?.probeImage !== undefined) return network.probeImage;
  for (const { kind, namespace, name, serves } of workloads) {
    if (!serves || kind === 'Rollout') continue;
    const { items } = await cluster.list({ kind: `apps/v1/${kind}`, namespace });
    const found = items.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
    const image = found?.spec.template.spec.containers[0]?.image;
    if (image !== undefined && !isInjected(image)) return image;
  }
  return null;
}
