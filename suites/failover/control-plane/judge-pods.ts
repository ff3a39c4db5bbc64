/** Pods of the platform before and after the control plane was hit: which were disturbed, and whether both listings are sound. */
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Finding } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { all } from '../../../reports/judge/observed.ts';
import { changedByOthers } from '../../../reports/judge/undisturbed.ts';
import { isNamedAfter, nameOf } from '../../../reports/judge/topology/declared.ts';
import { podPattern } from '../../../reports/judge/workload-pods.ts';

type Look = Seen<'platform-pods'>;
type PodRow = Look['pods'][number];

interface Looks {
  before: Look;
  after: Look;
}

function looksOf(history: History): Looks | null {
  const [before, ...later] = all(history, 'platform-pods');
  const after = later.at(-1);
  return before === undefined || after === undefined ? null : { before, after };
}

/** One finding a namespace, so that a hundred unchanged pods make one line. */
export function podFindings(history: History, target: string): Finding[] {
  const looks = looksOf(history);
  if (looks === null) return [];
  const now = new Map(looks.after.pods.map((row) => [row.pod, row]));
  const away = scaledAway(looks, history.header);
  const others = changedByOthers(history);
  const byNamespace = new Map<string, string[]>();
  for (const row of looks.before.pods) {
    if (isKilled(row, target)) continue;
    const namespace = row.pod.split('/')[0] ?? '';
    const changes = byNamespace.get(namespace) ?? [];
    byNamespace.set(namespace, changes);
    const change = changeOf(row, now.get(row.pod), away);
    if (change !== null && !others.some((object) => isOfObject(row, object))) changes.push(change);
  }
  return [...byNamespace].map(([namespace, changes]) => ({
    subject: `pods of ${namespace}`,
    ok: changes.length === 0,
    expected: 'none replaced, none restarted',
    seen: changes.length === 0 ? 'as before' : changes.join(', '),
  }));
}

/** Whether the pod is one of the workload, or on the node. */
const isOfObject = ({ pod, node }: PodRow, object: string): boolean =>
  object === `Node ${node ?? ''}` || isOf(pod, object);

const isKilled = (row: PodRow, target: string): boolean => row.static && row.node === target;

/**
 * Pods that a scale-down may have removed: their workload has an autoscaler, as many pods as it must have at least, and no new one, which a
 * replaced pod would have left. New pods are also recognised by name, since autoscalers may not have been listed afterwards.
 */
function scaledAway({ before, after }: Looks, { settings }: HistoryHeader): Set<string> {
  const known = new Set(before.pods.map(({ pod }) => pod));
  const isNew = ({ pod }: { pod: string }): boolean => !known.has(pod);
  const grown = new Set(after.scaled.filter(isNew).map(({ workload }) => workload));
  const others = after.pods.filter(isNew);
  const { workloads = [] } = settings.topology ?? {};
  const hasEnough = (workload: string): boolean => {
    const least = workloads.find((one) => nameOf(one) === workload)?.replicas.min ?? 1;
    return after.pods.filter(({ pod }) => isOf(pod, workload)).length >= least;
  };
  return new Set(
    before.scaled
      .filter(
        ({ workload }) =>
          hasEnough(workload) && !grown.has(workload) && !others.some(({ pod }) => isOf(pod, workload)),
      )
      .map(({ pod }) => pod),
  );
}

function changeOf(
  { pod, uid, restarts }: PodRow,
  now: PodRow | undefined,
  away: ReadonlySet<string>,
): string | null {
  if (now === undefined) return away.has(pod) ? null : `${pod} is gone`;
  if (now.uid !== uid) return `${pod} was replaced`;
  return now.restarts > restarts ? `${pod} restarted (${restarts} → ${now.restarts})` : null;
}

/** The first listing must cover everything that is declared. */
export function lookedRule(history: History, target: string): Rule {
  const id = 'looked';
  const looks = looksOf(history);
  const text =
    looks === null
      ? 'the pods were not listed both before and after the fault'
      : beforeGap(history.header, looks.before, target);
  return text === null
    ? {
        id,
        verdict: 'pass',
        text: 'the pods of every declared workload were listed before and after the fault',
      }
    : { id, verdict: 'inconclusive', text };
}

function beforeGap({ settings }: HistoryHeader, { pods }: Look, target: string): string | null {
  if (!pods.some((row) => isKilled(row, target)))
    return `no static pod of node ${target} was seen before the fault`;
  const { workloads = [], controlPlane } = settings.topology ?? {};
  const unseen = workloads.find(
    (workload) => pods.filter(({ pod }) => podPattern(workload).test(pod)).length < workload.replicas.min,
  );
  if (unseen !== undefined) return `fewer pods of ${nameOf(unseen)} than declared were seen before the fault`;
  if (controlPlane === undefined) return null;
  const { nodes, etcdMembers } = controlPlane;
  return (
    countGap(pods, 'kube-apiserver', nodes) ??
    countGap(pods, 'kube-controller-manager', nodes) ??
    countGap(pods, 'kube-scheduler', nodes) ??
    countGap(pods, 'etcd', etcdMembers)
  );
}

/** If one instance is a static pod, all are. None may be: etcd may have machines of its own. */
function countGap(pods: readonly PodRow[], name: string, declared: number): string | null {
  const found = pods.filter((row) => row.static && row.node !== null && isOn(row, name, row.node)).length;
  return found === 0 || found === declared
    ? null
    : `${found} static pods of ${name} were seen before the fault, but ${declared} are declared`;
}

const isOn = ({ pod }: PodRow, name: string, node: string): boolean => pod.endsWith(`/${name}-${node}`);

function isOf(pod: string, workload: string): boolean {
  const named = workloadOf(workload);
  const [namespace, name = ''] = pod.split('/');
  return named !== null && namespace === named.namespace && isNamedAfter(name, named.name);
}

/** `Deployment tender/tender-api` */
function workloadOf(text: string): { kind: string; namespace: string; name: string } | null {
  const { kind, namespace, name } =
    /^(?<kind>\S+) (?<namespace>[^/]+)\/(?<name>.+)$/.exec(text)?.groups ?? {};
  return kind === undefined || namespace === undefined || name === undefined
    ? null
    : { kind, namespace, name };
}
