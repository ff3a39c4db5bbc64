import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import {
  claimsOf,
  concludeWithPool,
  declaredGpu,
  declaredPool,
  expectClaims,
  expectHolders,
  gpuOf,
  mayWrite,
  needCounts,
  needPool,
  nodesDeclared,
  noteBusy,
  requestsSeen,
  sumOf,
} from '../_judge/pool.ts';
import type { DeviceSample } from '../_judge/pool.ts';
import { expectReported, podName, readyPods } from '../_judge/reported.ts';
import { all, last } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

/** `gpu/exclusive`: no device is held by more containers than may share it. */
function judgeExclusive(history: History): Judgement {
  const findings = new Findings(history).rule('exclusive');
  const { sharedBy } = gpuOf(history);
  const atMost = `held by ${sharedBy === 1 ? 'one container' : `at most ${sharedBy} containers`}`;
  for (const [device, pods] of holdersOf(history))
    findings.expect(`device ${device}`, pods.size <= sharedBy, atMost, [...pods].join(', '));
  findings.rule('told');
  for (const pod of readyPods(history)) expectReported(history, pod, findings);
  expectClaims(history, findings);
  expectHolders(history, findings);
  expectRequests(history, findings);
  expectKnownHolders(history, findings);
  needPool(history, findings);
  needCounts(history, findings, mayWrite(history.header) ? 2 : 1);
  noteBusy(history, findings);
  const unread = claimsOf(history).filter(({ devices }) => devices === null).length;
  if (unread > 0) findings.figure({ name: 'claims of pods that were not read', value: unread });
  expectRivals(history, findings);
  findings.figure({ name: 'devices held at once', value: holdersOf(history).size });
  return concludeWithPool(history, findings, `every device ${atMost}`);
}

function expectRequests(history: History, findings: Findings): void {
  findings.rule('requests');
  const { devicesPerNode } = gpuOf(history);
  for (const { node, holders } of all(history, 'gpu-requested')) {
    const requested = sumOf(holders);
    findings.expect(
      `requests on node ${node}`,
      requested <= devicesPerNode,
      `at most ${devicesPerNode}`,
      String(requested),
    );
  }
}

/** Devices belong to nodes: it takes two pods on one node to see that each is given its own. */
function expectRivals(history: History, findings: Findings): void {
  if (!mayWrite(history.header)) return;
  findings.rule('rivals');
  const onNode = Map.groupBy(readyPods(history), ({ node }) => node);
  const most = Math.max(0, ...[...onNode.values()].map(({ length }) => length));
  const expected = 'two or more that hold devices at once';
  if (most < 2) findings.unknown('pods on one node', expected, String(most));
  else findings.expect('pods on one node', true, expected, String(most));
}

/** The holder of some device must be known, and all from one source: device names of two sources cannot be compared. */
function expectKnownHolders(history: History, findings: Findings): void {
  findings.rule('holders');
  const subject = 'who holds which device';
  const ways = new Set(readyPods(history).flatMap(({ reportedBy }) => reportedBy ?? []));
  if (last(history, 'gpu-series')?.samples.some(({ pod }) => pod === null) === true)
    findings.unknown(subject, 'the name of the pod in the series', 'gpu.metrics.labels.pod is not declared');
  else if (holdersOf(history).size === 0)
    findings.unknown(subject, 'a device that a pod holds', 'no holder of any device');
  else if (ways.size > 1)
    findings.unknown(
      subject,
      'devices that can be compared',
      `device names from different sources: ${[...ways].join(' and ')}`,
    );
  if (mayWrite(history.header)) return;
  expectNamedHolders(history, findings);
  needNamespaces(history, findings);
}

/** Where no pod may be started, the series must name the pods that request devices: otherwise nothing shows who holds which. */
function expectNamedHolders(history: History, findings: Findings): void {
  const named = new Set((last(history, 'gpu-series')?.samples ?? []).map(holderIn));
  const holders = all(history, 'gpu-requested').flatMap((one) => one.holders);
  for (const { pod } of holders) {
    const known = named.has(pod) || named.has(podName(pod));
    if (known) findings.expect(`pod ${pod}`, true, 'named in the series', 'it is');
    else findings.unknown(`pod ${pod}`, 'named in the series', 'in no sample');
  }
}

/** Two pods of one name on a node are one holder in series without namespaces, also where they hold one device together. */
function needNamespaces(history: History, findings: Findings): void {
  const requested = all(history, 'gpu-requested');
  for (const { pod, namespace, node } of last(history, 'gpu-series')?.samples ?? []) {
    if (namespace !== undefined) continue;
    const there = requested.filter((one) => one.node === node);
    const holders = (there.length > 0 ? there : requested).flatMap((one) => one.holders);
    const same = new Set(holders.map((one) => one.pod).filter((name) => podName(name) === pod));
    if (same.size > 1)
      findings.unknown(
        `pod ${pod} in the series`,
        'its namespace (gpu.metrics.labels.namespace)',
        `none, and the name is that of ${[...same].join(' and ')}`,
      );
  }
}

/**
 * Who holds each device, as the containers were told; where nothing may be started, as Prometheus says. Each pod once: two scrape jobs give two
 * series with one pod.
 */
function holdersOf(history: History): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const note = (device: string, pod: string): void => {
    found.set(device, (found.get(device) ?? new Set()).add(pod));
  };
  for (const { pod, node, devices } of all(history, 'gpu-pod'))
    for (const device of devices ?? []) note(`${device} of ${node ?? 'no node'}`, pod);
  for (const sample of last(history, 'gpu-series')?.samples ?? []) {
    const holder = holderIn(sample);
    if (holder !== null) note(`${sample.device} of ${sample.node}`, holder);
  }
  return found;
}

/** With the namespace where the series says it; null: it names no pod. */
function holderIn({ pod, namespace }: DeviceSample): string | null {
  if (pod === null || pod === '') return null;
  return namespace === undefined ? pod : `${namespace}/${pod}`;
}

function ofExclusive(header: HistoryHeader): AnyNeed[] {
  const { devicesPerNode } = declaredGpu(header);
  const writes = mayWrite(header);
  const pods = Math.min(2, devicesPerNode * declaredPool(header).count.min);
  return [
    nodesDeclared(header),
    requestsSeen(header, writes ? 2 : 1),
    writes ? need('gpu-pod', { count: pods }) : need('gpu-series'),
  ];
}

export const judge: CheckJudge = {
  judge: judgeExclusive,
  evidence: ofExclusive,
};
