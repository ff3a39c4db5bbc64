import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, list, number, seen, text } from '../topology/findings.ts';
import {
  concludeWithPool,
  expectHolders,
  expectOffers,
  gpuOf,
  lastSeries,
  noteBusy,
  poolNodesOf,
} from './pool.ts';

/** `gpu/schedule`: pods with devices are on the pool, the canary knows its device, and a real one has answered. */
export function judgeSchedule(history: History): Judgement {
  const findings = new Findings(history);
  const { pool } = gpuOf(history);
  const members = new Set(poolNodesOf(history).map((node) => text(node, 'name')));
  const onPool = (subject: string, node: string): void =>
    findings.expect(subject, members.has(node), `on a node of pool ${pool}`, `on ${node}`);
  expectHolders(history, findings);
  for (const pod of seen(history, 'gpu-pod').filter((one) => text(one, 'state') === 'ready')) {
    onPool(`pod ${text(pod, 'pod')}`, text(pod, 'node'));
    expectTold(pod, findings);
  }
  for (const placed of seen(history, 'gpu-placed'))
    onPool(`pod ${text(placed, 'pod')}`, text(placed, 'node'));
  for (const answer of seen(history, 'gpu-answer')) {
    const code = number(answer, 'code');
    const output = text(answer, 'output').slice(0, 200);
    findings.expect(
      `\`${text(answer, 'command')}\``,
      code === 0,
      'the device answers',
      `exit ${code}: ${output}`,
    );
  }
  return concludeWithPool(history, findings, `pods that ask for devices run on pool ${pool}, and have them`);
}

/** A container that asks for one device is told of one. Of several that are slices of the same, it may be told once. */
function expectTold(pod: Observation, findings: Findings): void {
  const asked = number(pod, 'asked');
  const devices = list(pod, 'devices') as string[];
  const subject = `device of pod ${text(pod, 'pod')}`;
  const expected = `${asked} in its environment`;
  // Nobody could read what the container was told: that is not the same as being told of none.
  if (!Array.isArray(pod['devices'])) findings.unknown(subject, expected, 'its environment was not read');
  else
    findings.expect(
      subject,
      asked === 1 ? devices.length === 1 : devices.length > 0,
      expected,
      devices.join(', ') || 'none',
    );
}

/** `gpu/exclusive`: no device in more hands than it is shared by. */
export function judgeExclusive(history: History): Judgement {
  const findings = new Findings(history);
  const { devicesPerNode, sharedBy } = gpuOf(history);
  const atMost = `held by ${sharedBy === 1 ? 'one container' : `at most ${sharedBy} containers`}`;
  for (const [device, pods] of holdersOf(history))
    findings.expect(`device ${device}`, pods.length <= sharedBy, atMost, pods.join(', '));
  for (const pod of seen(history, 'gpu-pod').filter((one) => text(one, 'state') === 'ready'))
    expectTold(pod, findings);
  expectHolders(history, findings);
  for (const asked of seen(history, 'gpu-requested')) {
    const requested = number(asked, 'requested');
    findings.expect(
      `requests on node ${text(asked, 'node')}`,
      requested <= devicesPerNode,
      `at most ${devicesPerNode}`,
      String(requested),
    );
  }
  const samples = lastSeries(history)?.samples;
  if (samples?.some(({ pod }) => pod === null) === true)
    findings.unknown(
      'who holds which device',
      'a pod in the series',
      'gpu.metrics.labels.pod is not declared',
    );
  else if (holdersOf(history).size === 0)
    findings.unknown(
      'who holds which device',
      'a device that somebody holds',
      'no holder of a device was seen',
    );
  noteBusy(history, findings);
  findings.figure({ name: 'devices held at once', value: holdersOf(history).size });
  return concludeWithPool(history, findings, `every device ${atMost}`);
}

/** Who holds each device, as the containers were told; where nothing may be started, as Prometheus says. */
function holdersOf(history: History): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const note = (device: string, pod: string): void => {
    found.set(device, [...(found.get(device) ?? []), pod]);
  };
  for (const pod of seen(history, 'gpu-pod'))
    for (const device of list(pod, 'devices') as string[])
      note(`${device} of ${text(pod, 'node')}`, text(pod, 'pod'));
  for (const { device, node, pod } of lastSeries(history)?.samples ?? [])
    if (pod !== null && pod !== '') note(`${device} of ${node}`, pod);
  return found;
}

/** `gpu/exhausted`: one pod too many is Pending, and for want of the resource. */
export function judgeExhausted(history: History): Judgement {
  const findings = new Findings(history);
  const { resource } = gpuOf(history);
  const [extra] = seen(history, 'gpu-refused');
  if (extra !== undefined) expectExhausted(history, extra, findings);
  expectHolders(history, findings);
  expectOffers(history, findings);
  return concludeWithPool(
    history,
    findings,
    `with every device taken one more pod is Pending for want of ${resource}`,
  );
}

function expectExhausted(history: History, extra: Observation, findings: Findings): void {
  const { resource, devicesPerNode } = gpuOf(history);
  const subject = `pod ${text(extra, 'pod')}`;
  const expected = `Pending: Insufficient ${resource}`;
  const node = text(extra, 'node');
  const message = text(extra, 'message');
  if (node !== '') {
    const last = seen(history, 'gpu-requested').findLast((one) => text(one, 'node') === node);
    const requested = last === undefined ? Number.NaN : number(last, 'requested');
    const landed = `it landed on ${node}, where pods now ask for ${requested} of ${devicesPerNode}`;
    if (requested > devicesPerNode) findings.expect(subject, false, expected, landed);
    else findings.unknown(subject, expected, `${landed}: a device had become free`);
    return;
  }
  if (message === '') {
    findings.unknown(subject, expected, 'the scheduler has said nothing');
    return;
  }
  findings.expect(subject, message.includes(`Insufficient ${resource}`), expected, message);
  findings.figure({
    name: 'read from',
    value: text(extra, 'source') === 'event' ? "the scheduler's event" : 'the status of the pod',
  });
}
