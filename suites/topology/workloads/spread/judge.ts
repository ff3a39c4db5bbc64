import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { byName, ofWorkload } from '../../../../reports/judge/topology/containers.ts';
import { range } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredWorkload, HeaderStore } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import {
  isPodOfSet,
  memberAlone,
  memberSets,
  membersApart,
} from '../../../../reports/record/facts/store-pods.ts';
import type { MemberSet } from '../../../../reports/record/facts/store-pods.ts';
import type { HeaderSettings } from '../../../../reports/record/settings.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { nameOf } from '../../../../reports/record/names/topology-names.ts';
import { withException } from '../exceptions.ts';

export const judge: CheckJudge = { judge: judgeSpread };

function isSpread({ kind, replicas }: DeclaredWorkload): boolean {
  return kind !== 'DaemonSet' && replicas.max >= 2;
}

/** Replicas on different nodes, and a disruption budget that allows one eviction, and neither all nor more than a store can spare. */
function judgeSpread(history: History): Judgement {
  const findings = new Findings(history);
  const { settings } = history.header;
  findings
    .rule('placement')
    .each(
      byName((settings.workloads ?? []).filter(isSpread)),
      all(history, 'placement'),
      { key: ofWorkload, what: 'pods', expected: 'pods on nodes', missing: 'fail', strange: 'ignore' },
      (workload, found) => {
        const few = tooFew(workload, found);
        if (few?.settled === true) findings.note(`${nameOf(workload)} ${few.text}`);
        const looked = { workload, found, few };
        if (workload.spread?.differentNodes !== false) placement(findings, looked);
        if (workload.spread?.disruptionBudget !== false) budgets(history, findings.rule('budgets'), looked);
      },
    );
  findings.rule('members').each(
    storesApart(settings).map((apart) => [apart.store, apart]),
    all(history, 'members-placed'),
    {
      key: ({ store }) => store,
      what: 'members',
      expected: 'pods on nodes',
      missing: 'fail',
      strange: 'ignore',
    },
    (apart, { pods }) => members(findings, apart, pods),
  );
  noteShared(history, findings);
  return withException(
    findings.conclude(
      'replicas on different nodes; a disruption budget that allows one disruption, and not all or most of a store',
    ),
    { of: /^(placement|disruption budgets?) /, key: 'an exception: topology.workloads[].spread' },
  );
}

/** Workloads of one replica that a disruption budget takes together, where their store is not declared: nothing of them was judged. */
function noteShared(history: History, findings: Findings): void {
  const { stores = {}, workloads = [] } = history.header.settings;
  const ofStores = workloads.filter(({ store }) => store !== undefined && stores[store] !== undefined);
  const known = new Set(ofStores.map(nameOf));
  for (const { budget: name, workloads: shared } of all(history, 'shared-budget')) {
    const left = shared.filter((one) => !known.has(one));
    if (left.length > 1)
      findings.note(
        `not judged: ${left.join(', ')}: of one replica each, under one disruption budget (${name}); where they are the members of a store, declare it`,
      );
  }
}

interface Apart {
  store: string;
  /** How many members must be on nodes of their own; 0: `alone` is looked at. */
  apart: number;
  /** The StatefulSet of the one pod that must not be on the same node as all others. */
  alone: MemberSet | null;
}

/** Stores of whose members no workload has two, or one has a single one. One workload of a store that may share a node lets its members. */
function storesApart({ stores = {}, workloads = [] }: HeaderSettings): Apart[] {
  const sharing = new Set(
    workloads.filter(({ spread }) => spread?.differentNodes === false).map(({ store }) => store),
  );
  return Object.entries(stores).flatMap(([store, declared]) => {
    if (declared === undefined || sharing.has(store)) return [];
    const [apart, alone] = [membersApart(declared), memberAlone(declared)];
    return apart === 0 && alone === null ? [] : [{ store, apart, alone }];
  });
}

/** As many nodes as members; how many members there must be is for topology/workloads/roles. */
function members(findings: Findings, { store, apart, alone }: Apart, pods: Placement['pods']): void {
  const subject = `members of ${store}`;
  if (pods.length === 0) {
    findings.absent(subject, 'pods on nodes');
    return;
  }
  if (alone !== null) {
    besideOthers(findings, store, { alone, pods });
    return;
  }
  const wanted = Math.max(2, Math.min(pods.length, apart));
  const where = pods.map(({ name, node }) => `${name} on ${node}`).join(', ');
  const nodes = new Set(pods.map(({ node }) => node));
  findings.expect(`placement of ${subject}`, nodes.size >= wanted, `${wanted} different nodes`, where);
}

/**
 * The others have a spread of their own, and may need every node that is there for the store: which other nodes it could be on is not recorded. So it may
 * share a node, but not with all of them.
 */
function besideOthers(
  findings: Findings,
  store: string,
  { alone, pods }: { alone: MemberSet; pods: Placement['pods'] },
): void {
  const subject = `members of ${store}`;
  const own = pods.find(({ name }) => isPodOfSet(name, alone));
  if (own === undefined) {
    findings.absent(subject, `the pod of ${alone.name} on a node`);
    return;
  }
  const others = pods.filter((one) => one !== own);
  const same = others.filter(({ node }) => node === own.node);
  const where = [own, ...same].map(({ name, node }) => `${name} on ${node}`).join(', ');
  const beside = same.length > 0;
  const all = beside && same.length === others.length;
  findings.expect(`placement of ${subject}`, !all, `another member on another node than ${own.name}`, where);
  if (beside && !all)
    findings.note(
      `${own.name} shares ${own.node} with ${same.map(({ name }) => name).join(', ')}: which node it could have to itself is not recorded`,
    );
}

type Placement = Seen<'placement'>;

interface Looked {
  workload: DeclaredWorkload;
  found: Placement;
  few: Few | null;
}

/** Why neither nodes nor disruptions can be judged: it rests at one pod or none, or is on its way to more or fewer. */
interface Few {
  settled: boolean;
  text: string;
}

/**
 * Null from two pods on, which are judged, and where fewer are there than are declared at least. An autoscaler may leave a workload at one
 * pod, or KEDA at none: these are on one node at most, and no budget can allow one disruption and not all of them.
 */
function tooFew({ replicas }: DeclaredWorkload, { pods, wanted }: Placement): Few | null {
  if (wanted === null || pods.length < replicas.min || replicas.min >= 2) return null;
  if (pods.length >= 2 && wanted >= 2) return null;
  return pods.length === wanted
    ? { settled: true, text: `is at ${wanted} of ${range(replicas)}: spread is judged from 2 pods on` }
    : { settled: false, text: `${pods.length} on nodes, ${wanted} wanted: it is being scaled` };
}

/**
 * As many nodes as declared replicas (a workload that scaled up may put more than one on a node, but never all on one).
 */
function placement(findings: Findings, { workload, found, few }: Looked): void {
  const subject = nameOf(workload);
  const { pods } = found;
  if (pods.length === 0 && few === null) {
    findings.absent(`pods of ${subject}`, 'pods on nodes');
    return;
  }
  if (few !== null) {
    if (!few.settled) findings.unknown(`placement of ${subject}`, 'pods on different nodes', few.text);
    return;
  }
  const wanted = Math.max(2, Math.min(pods.length, workload.replicas.min));
  const where = pods.map(({ name, node }) => `${name} on ${node}`).join(', ');
  const nodes = new Set(pods.map(({ node }) => node));
  const expected = `${wanted} different nodes`;
  if (nodes.size >= wanted && isResized(found))
    findings.unknown(
      `placement of ${subject}`,
      expected,
      `${pods.length} pods on nodes, ${found.wanted ?? 0} wanted`,
    );
  else findings.expect(`placement of ${subject}`, nodes.size >= wanted, expected, where);
}

/** A pod that is on no node yet may still come to the node of another. A rollout may double the pods for a while. */
function isResized({ pods, wanted }: Placement): boolean {
  return wanted !== null && (pods.length < wanted || pods.length > PODS_OF_A_ROLLOUT * wanted);
}

const PODS_OF_A_ROLLOUT = 2;

/** Exactly one: of a pod that two budgets select, Kubernetes refuses every eviction. */
function budgets(
  history: History,
  findings: Findings,
  { workload, few }: Pick<Looked, 'workload' | 'few'>,
): void {
  const subject = nameOf(workload);
  const found = all(history, 'budget').filter((one) => one.workload === subject);
  if (found.length === 0) {
    findings.absent(`disruption budget of ${subject}`, 'a PodDisruptionBudget that selects its pods');
    return;
  }
  const names = found.map(({ name }) => name).join(', ');
  findings.expect(`disruption budgets of ${subject}`, found.length === 1, 'one', names);
  if (few === null) for (const one of found) budget(findings, history.header.settings, { workload, one });
  else if (!few.settled) findings.unknown(`disruptions of ${subject}`, 'one allowed and not all', few.text);
}

function budget(
  findings: Findings,
  settings: HeaderSettings,
  { workload, one }: { workload: DeclaredWorkload; one: Seen<'budget'> },
): void {
  const { expectedPods: expected, desiredHealthy: healthy } = one;
  const name = `disruption budget ${one.name} of ${nameOf(workload)}`;
  if (expected === null || healthy === null) {
    findings.unknown(name, 'a computed status', 'no status yet');
    return;
  }
  const spare = expected - healthy;
  const { text, most } = bearable(settings, workload);
  // A budget that also counts other pods (one for all node sets of an Elasticsearch) may allow the eviction of all these.
  if (expected > workload.replicas.max && spare > most(workload.replicas.min))
    findings.unknown(name, `counts ${range(workload.replicas)} pods`, `counts ${expected}, allows ${spare}`);
  findings.expect(
    name,
    spare >= 1 && spare <= most(expected),
    `allows one disruption and not ${text}`,
    `allows ${spare} of ${expected}`,
  );
}

/**
 * How many of so many pods may be evicted at once. What a store is made of goes on while most are there (a quorum) and while a copy of each thing
 * is; of two, one may go, since nothing else would ever let their nodes be drained.
 */
function bearable(
  settings: HeaderSettings,
  workload: DeclaredWorkload,
): { text: string; most: (pods: number) => number } {
  const declared = storeOf(settings, workload);
  if (declared === undefined && workload.store === undefined)
    return { text: 'all', most: (pods) => pods - 1 };
  const copies = declared?.cluster?.replicas ?? declared?.index?.replicas ?? Infinity;
  const most = (pods: number): number =>
    Math.min(pods - 1, Math.max(1, Math.min(copies, Math.ceil(pods / 2) - 1)));
  return { text: 'of more members than the store can spare', most };
}

/** The declared store that a workload names, or whose members it has. */
function storeOf(
  { stores = {} }: HeaderSettings,
  { namespace, name, store = '' }: DeclaredWorkload,
): HeaderStore | undefined {
  const isSet = (set: MemberSet): boolean => set.namespace === namespace && set.name === name;
  return stores[store] ?? Object.values(stores).find((one) => one && memberSets(one).some(isSet));
}
