/** `topology.closed`: namespaces in which nothing undeclared may run, with what runs there now, or will, and is no workload that a file declares. */
import { below } from '../../probes/drafting.ts';
import type { Draft } from '../../probes/drafting.ts';
import type { KubeObject } from '../../probes/kubernetes/kube-object.ts';
import { controllerOf } from '../../probes/kubernetes/workloads.ts';
import { nameOf } from '../../reports/record/names/topology-names.ts';
import type { Seen } from './seen.ts';

/** Kinds of workload that every cluster has and an environment file declares. */
const DECLARABLE = ['Deployment', 'StatefulSet', 'DaemonSet'];
/** Of these each object is a new one, under a name of its own: pipelines of Argo, Tekton and OpenShift, runners of GitHub, and pods of a kubelet, which its node owns. */
const NEW_EACH_TIME = ['Workflow', 'TaskRun', 'PipelineRun', 'CustomRun', 'Build', 'EphemeralRunner', 'Node'];
/** Of these a name is often made of a stem and a number, or a text of the API server's own. */
const OFTEN_MADE = ['Pod', 'Job', 'ReplicaSet', 'ReplicationController'];
/** What the API server puts behind `generateName` (k8s.io/apimachinery, util/rand: no vowels, and no digits that look like one). */
const MADE = /^[bcdfghjklmnpqrstvwxz2456789]{5}$/;

interface Ignored {
  kind: string;
  name: string;
  reason: string;
}

export function closedDraft({ podsByOwner, listing, workloads }: Seen, namespaces: readonly string[]): Draft {
  const drafted = new Set(workloads.map(({ name }) => name));
  const jobs = new Map(
    listing.objects['batch/v1/Job'].map((job) => [nameOf(placed(job)), controllerOf(job)]),
  );
  const owners = [...new Set([...podsByOwner.keys(), ...jobs.keys()])].filter((owner) => !drafted.has(owner));
  const ignored = [
    ...owners.map((owner) => ({ ...ownerIn(owner), by: jobs.get(owner) })),
    ...listing.objects['batch/v1/CronJob'].map((one) => ({
      ...placed(one),
      kind: 'Job',
      by: { kind: 'CronJob', name: one.metadata.name },
    })),
  ]
    .filter(({ kind, namespace }) => namespaces.includes(namespace) && !DECLARABLE.includes(kind))
    .map(({ kind, name, by }) => ignoredOf({ kind, name }, by));
  const ignore = [...new Map(ignored.map((one) => [`${one.kind} ${one.name}`, one])).entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, one]) => ({ ...one }));
  if (ignore.length === 0) return { namespaces };
  const about = 'Found, and nothing that topology.workloads can declare; take out what should not run.';
  return { namespaces, ignore: below([about], ignore) };
}

/** By a name that tomorrow's objects of the same origin have as well. */
function ignoredOf(
  { kind, name }: { kind: string; name: string },
  by: { kind: string; name: string } | undefined,
): Ignored {
  if (by !== undefined) return { kind, name: `${by.name}-*`, reason: `of the ${by.kind} ${by.name}` };
  if (NEW_EACH_TIME.includes(kind)) return { kind, name: '*', reason: `each ${kind} is a new one` };
  const stem = stemOf(kind, name);
  return {
    kind,
    name: stem,
    reason: stem === name ? `its ${kind} was there` : `${kind}s of that stem were there`,
  };
}

/** `import-*` of `import-x7k2p`, `shop-*` of the ReplicationController `shop-3`: `*` for what nobody has chosen in a name. */
function stemOf(kind: string, name: string): string {
  const often = OFTEN_MADE.includes(kind);
  const parts = name.split('-');
  const isMade = (part: string, at: number): boolean =>
    (often && /^\d+$/.test(part)) ||
    (at === parts.length - 1 && MADE.test(part) && (often || /\d/.test(part)));
  return parts
    .map((part, at) => (at > 0 && isMade(part, at) ? '*' : part))
    .join('-')
    .replaceAll(/\*(-\*)+/g, '*');
}

/** Of a name such as `Job shop/migrate`. */
function ownerIn(text: string): { kind: string; namespace: string; name: string } {
  const [, kind = '', namespace = '', name = ''] = /^(\S+) ([^/]*)\/(.+)$/.exec(text) ?? [];
  return { kind, namespace, name };
}

function placed({ kind, metadata }: KubeObject): { kind: string; namespace: string; name: string } {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name };
}
