import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all, first, last } from '../observed.ts';
import { nameOf } from '../topology/declared.ts';
import { Findings } from '../topology/findings.ts';
import {
  concludeWithPool,
  expectHolders,
  expectOffers,
  gpuOf,
  isTold,
  mayWrite,
  needAllTaken,
  needCounts,
  needPool,
  noteBusy,
  poolNodesOf,
} from './pool.ts';

/** `gpu/schedule`: pods with devices are on the pool, the canary knows its device, and a real one has answered. */
export function judgeSchedule(history: History): Judgement {
  const findings = new Findings(history);
  const { pool } = gpuOf(history);
  const members = new Set(poolNodesOf(history).map(({ name }) => name));
  const onPool = (subject: string, node: string): void =>
    findings.expect(subject, members.has(node), `on a node of pool ${pool}`, `on ${node}`);
  expectHolders(history, findings);
  findings.rule('placed');
  for (const { pod, node } of readyPods(history)) onPool(`pod ${pod}`, node ?? 'no node');
  for (const { pod, node } of all(history, 'gpu-placed').flatMap(({ pods }) => pods))
    if (node === null) findings.unknown(`pod ${pod}`, `on a node of pool ${pool}`, 'not placed yet');
    else onPool(`pod ${pod}`, node);
  expectReplicas(history, findings);
  findings.rule('told');
  for (const pod of readyPods(history)) expectTold(history, pod, findings);
  expectAnswers(history, findings);
  needPool(history, findings);
  needCounts(history, findings, mayWrite(history.header) ? 2 : 1);
  noteBusy(history, findings);
  const expected = `pods that ask for devices run on pool ${pool}`;
  return concludeWithPool(
    history,
    findings,
    mayWrite(history.header)
      ? `${expected}, and have them`
      : `${expected}; no pod may be started here, so that what one is told is not claimed`,
  );
}

const readyPods = (history: History): Seen<'gpu-pod'>[] =>
  all(history, 'gpu-pod').filter(({ state }) => state === 'ready');

/** Of a declared workload as many pods must have been looked at as it has. */
function expectReplicas(history: History, findings: Findings): void {
  const declared = (history.header.settings.workloads ?? []).filter(({ gpu }) => gpu !== undefined);
  for (const workload of declared) {
    const name = nameOf(workload);
    const seen = all(history, 'gpu-placed').find((one) => one.workload === name)?.pods ?? [];
    const { min } = workload.replicas;
    const pods = new Set(seen.map(({ pod }) => pod)).size;
    if (pods >= min && pods === seen.length) findings.expect(name, true, `${min} pods`, `${pods}`);
    else findings.unknown(name, `${min} pods`, `${pods}`);
  }
}

function expectAnswers(history: History, findings: Findings): void {
  findings.rule('answers');
  const { workload } = gpuOf(history);
  for (const { command, code, output } of all(history, 'gpu-answer')) {
    const ok = code === 0 && command === workload?.join(' ');
    findings.expect(`\`${command}\``, ok, 'the device answers', `exit ${code}: ${output.slice(0, 200)}`);
  }
}

function expectTold(history: History, pod: Seen<'gpu-pod'>, findings: Findings): void {
  const { asked, devices, detail } = pod;
  const subject = `device of pod ${pod.pod}`;
  const expected = `${asked} that something in it names`;
  // Nothing in the container says which: that is not the same as being given none.
  if (devices === null) {
    findings.unknown(subject, expected, detail);
    return;
  }
  findings.expect(subject, isTold(history, { asked, devices }), expected, devices.join(', ') || 'none');
}

/** `gpu/exclusive`: no device in more hands than it is shared by. */
export function judgeExclusive(history: History): Judgement {
  const findings = new Findings(history).rule('exclusive');
  const { sharedBy } = gpuOf(history);
  const atMost = `held by ${sharedBy === 1 ? 'one container' : `at most ${sharedBy} containers`}`;
  for (const [device, pods] of holdersOf(history))
    findings.expect(`device ${device}`, pods.length <= sharedBy, atMost, pods.join(', '));
  findings.rule('told');
  for (const pod of readyPods(history)) expectTold(history, pod, findings);
  expectHolders(history, findings);
  expectRequests(history, findings);
  expectKnownHolders(history, findings);
  needPool(history, findings);
  needCounts(history, findings, mayWrite(history.header) ? 2 : 1);
  noteBusy(history, findings);
  findings.figure({ name: 'devices held at once', value: holdersOf(history).size });
  return concludeWithPool(history, findings, `every device ${atMost}`);
}

function expectRequests(history: History, findings: Findings): void {
  findings.rule('requests');
  const { devicesPerNode } = gpuOf(history);
  for (const { node, requested } of all(history, 'gpu-requested'))
    findings.expect(
      `requests on node ${node}`,
      requested <= devicesPerNode,
      `at most ${devicesPerNode}`,
      String(requested),
    );
}

/** Who holds a device must have been seen of some, and by one way of telling: names of one way are not those of another. */
function expectKnownHolders(history: History, findings: Findings): void {
  findings.rule('holders');
  const subject = 'who holds which device';
  const ways = new Set(readyPods(history).flatMap(({ toldBy }) => toldBy ?? []));
  if (last(history, 'gpu-series')?.samples.some(({ pod }) => pod === null) === true)
    findings.unknown(subject, 'a pod in the series', 'gpu.metrics.labels.pod is not declared');
  else if (holdersOf(history).size === 0)
    findings.unknown(subject, 'a device that somebody holds', 'no holder of a device was seen');
  else if (ways.size > 1)
    findings.unknown(subject, 'devices that can be compared', `named by ${[...ways].join(' and by ')}`);
  if (!mayWrite(history.header)) expectNamedHolders(history, findings);
}

/** Where nothing may be started the series must name the pods that ask for devices: else it does not show who holds which. */
function expectNamedHolders(history: History, findings: Findings): void {
  const named = new Set((last(history, 'gpu-series')?.samples ?? []).map(({ pod }) => pod));
  const holders = all(history, 'gpu-requested').flatMap((one) => one.holders);
  for (const { pod } of holders) {
    const known = named.has(podName(pod));
    if (known) findings.expect(`pod ${pod}`, true, 'named in the series', 'it is');
    else findings.unknown(`pod ${pod}`, 'named in the series', 'no device names it');
  }
}

/** Series name pods without their namespaces. */
export const podName = (pod: string): string => pod.slice(pod.indexOf('/') + 1);

/** Who holds each device, as the containers were told; where nothing may be started, as Prometheus says. */
function holdersOf(history: History): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const note = (device: string, pod: string): void => {
    found.set(device, [...(found.get(device) ?? []), pod]);
  };
  for (const { pod, node, devices } of all(history, 'gpu-pod'))
    for (const device of devices ?? []) note(`${device} of ${node ?? 'no node'}`, pod);
  for (const { device, node, pod } of last(history, 'gpu-series')?.samples ?? [])
    if (pod !== null && pod !== '') note(`${device} of ${node}`, pod);
  return found;
}

/** `gpu/exhausted`: one pod too many is Pending, and for want of the resource. */
export function judgeExhausted(history: History): Judgement {
  const findings = new Findings(history).rule('refused');
  const { resource } = gpuOf(history);
  const extra = first(history, 'gpu-refused');
  if (extra !== undefined) expectExhausted(history, extra, findings);
  expectHolders(history, findings);
  expectOffers(history, findings);
  expectAllTaken(history, findings);
  needAllTaken(history, findings);
  // Where others held all of them before, no pod was started and nothing counted in between.
  needCounts(history, findings, all(history, 'gpu-pod').length > 0 ? 3 : 2);
  return concludeWithPool(
    history,
    findings,
    `with every device taken one more pod is Pending for want of ${resource}`,
  );
}

/** Only then is one pod more one too many. */
function expectAllTaken(history: History, findings: Findings): void {
  findings.rule('taken');
  const { devicesPerNode } = gpuOf(history);
  for (const { name } of poolNodesOf(history)) {
    const counted = all(history, 'gpu-requested').findLast(({ node }) => node === name);
    const expected = `all ${devicesPerNode} taken`;
    const requested = counted?.requested ?? 0;
    if (requested >= devicesPerNode) findings.expect(`node ${name}`, true, expected, `${requested}`);
    else findings.unknown(`node ${name}`, expected, `${requested}`);
  }
}

function expectExhausted(history: History, extra: Seen<'gpu-refused'>, findings: Findings): void {
  const { resource, devicesPerNode } = gpuOf(history);
  const subject = `pod ${extra.pod}`;
  const expected = `Pending: Insufficient ${resource}`;
  const { node, message, state } = extra;
  if (node !== null) {
    const requested = all(history, 'gpu-requested').findLast((one) => one.node === node)?.requested;
    const landed = `it landed on ${node}, where pods now ask for ${requested ?? 'nobody knows how many'} of ${devicesPerNode}`;
    if (requested !== undefined && requested > devicesPerNode)
      findings.expect(subject, false, expected, landed);
    else findings.unknown(subject, expected, `${landed}: a device had become free`);
    return;
  }
  if (message === '' || state !== 'refused') {
    findings.unknown(subject, expected, message === '' ? 'the scheduler has said nothing' : state);
    return;
  }
  findings.expect(subject, message.includes(`Insufficient ${resource}`), expected, message);
  findings.figure({
    name: 'read from',
    value: extra.source === 'event' ? "the scheduler's event" : 'the status of the pod',
  });
}
