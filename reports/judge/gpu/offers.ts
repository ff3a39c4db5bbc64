import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, list, number, seen, text } from '../topology/findings.ts';
import { concludeWithPool, expectOffers, gpuOf, nodesOf, offeredBy, poolNodesOf, poolOf } from './pool.ts';

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/** `gpu/allocatable`: the declared number on every node of the pool, none elsewhere, and the plugin on all of them. */
export function judgeAllocatable(history: History): Judgement {
  const findings = new Findings(history);
  const { resource, devicesPerNode } = gpuOf(history);
  expectOffers(history, findings);
  for (const node of nodesOf(history).filter((one) => one['pool'] !== true))
    findings.expect(
      `node ${text(node, 'name')}, not of the pool`,
      offeredBy(node) === 0,
      `no ${resource}`,
      String(offeredBy(node)),
    );
  expectPlugin(history, findings);
  const pool = poolNodesOf(history);
  const offered = pool.reduce((sum, node) => sum + offeredBy(node), 0);
  findings.figure({ name: 'devices to give', value: offered, goal: pool.length * devicesPerNode });
  return concludeWithPool(
    history,
    findings,
    `${devicesPerNode} ${resource} on every node of pool ${gpuOf(history).pool}, none elsewhere`,
  );
}

function expectPlugin(history: History, findings: Findings): void {
  const { plugin } = gpuOf(history);
  if (plugin === undefined) return;
  const subject = `DaemonSet ${plugin.namespace}/${plugin.name}`;
  const [found] = seen(history, 'gpu-plugin');
  if (found === undefined) {
    findings.absent(subject, 'the device plugin');
    return;
  }
  const [ready, wanted] = [number(found, 'ready'), number(found, 'wanted')];
  const nodes = poolNodesOf(history).length;
  findings.expect(
    subject,
    ready === wanted && wanted >= nodes,
    `ready on ${Math.max(nodes, wanted)} nodes`,
    `ready on ${ready} of ${wanted}`,
  );
}

/** In the words of the scheduler (Kubernetes 1.37, plugin TaintToleration; older ones name the taint in braces). */
const FOR_ITS_TAINT = /untolerated taint/;

/** `gpu/taint`: the taints are there, nobody runs there who does not tolerate them, and strangers are refused because of them. */
export function judgeTaint(history: History): Judgement {
  const findings = new Findings(history);
  for (const refused of seen(history, 'gpu-refused')) expectKeptAway(refused, findings);
  for (const node of poolNodesOf(history)) {
    const taints = (list(node, 'taints') as Taint[]).map(taintText);
    const missing = poolOf(history)
      .taints.map(taintText)
      .filter((taint) => !taints.includes(taint));
    findings.expect(
      `taints of node ${text(node, 'name')}`,
      missing.length === 0,
      poolOf(history).taints.map(taintText).join(', ') || 'none',
      missing.length === 0 ? 'there' : `without ${missing.join(', ')}`,
    );
  }
  for (const tenants of seen(history, 'gpu-tenants')) {
    const intruders = list(tenants, 'intruders') as string[];
    findings.expect(
      `pods on node ${text(tenants, 'node')}`,
      intruders.length === 0,
      'only such as tolerate its taints',
      intruders.slice(0, 5).join(', ') || `${number(tenants, 'pods')} pods, all do`,
    );
  }
  return concludeWithPool(history, findings, 'pods without the toleration never land on the pool');
}

function expectKeptAway(refused: ReturnType<typeof seen>[number], findings: Findings): void {
  const subject = `pod ${text(refused, 'pod')} without the toleration`;
  const expected = 'Pending, because of the taint';
  const node = text(refused, 'node');
  const message = text(refused, 'message');
  if (node !== '' && refused['tolerated'] === true)
    findings.note(
      `${text(refused, 'pod')} was given the toleration when it was admitted, as it asks for a device`,
    );
  else if (node !== '') findings.expect(subject, false, expected, `it landed on ${node}`);
  else if (message === '') findings.unknown(subject, expected, 'the scheduler has said nothing');
  else if (number(refused, 'asked') > 0) findings.expect(subject, true, 'Pending', message);
  else findings.expect(subject, FOR_ITS_TAINT.test(message), expected, message);
}

function taintText({ key, value = '', effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
}
