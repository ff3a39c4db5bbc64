import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { STRANGER_ASKS } from '../../record/observations/gpu.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all, first } from '../observed.ts';
import { Findings } from '../topology/findings.ts';
import {
  concludeWithPool,
  declaredPool,
  expectOffers,
  gpuOf,
  mayWrite,
  needCounts,
  needPool,
  nodesOf,
  offeredBy,
  poolNodesOf,
} from './pool.ts';

interface Taint {
  key: string;
  value?: string | undefined;
  effect: string;
}

/** `gpu/allocatable`: the declared number on every node of the pool, none elsewhere, and the plugin on all of them. */
export function judgeAllocatable(history: History): Judgement {
  const findings = new Findings(history);
  const { resource, devicesPerNode, pool } = gpuOf(history);
  expectOffers(history, findings);
  findings.rule('nowhere-else');
  for (const node of nodesOf(history).filter((one) => !one.pool))
    findings.expect(
      `node ${node.name}, not of the pool`,
      offeredBy(node) === 0,
      `no ${resource}`,
      String(offeredBy(node)),
    );
  expectPlugin(history, findings);
  const nodes = poolNodesOf(history);
  const offered = nodes.reduce((sum, node) => sum + offeredBy(node), 0);
  findings.figure({ name: 'devices to give', value: offered, goal: nodes.length * devicesPerNode });
  return concludeWithPool(
    history,
    findings,
    `${devicesPerNode} ${resource} on every node of pool ${pool}, none elsewhere`,
  );
}

function expectPlugin(history: History, findings: Findings): void {
  const { plugin } = gpuOf(history);
  if (plugin === undefined) return;
  findings.rule('plugin');
  const subject = `DaemonSet ${plugin.namespace}/${plugin.name}`;
  const found = first(history, 'gpu-plugin');
  if (found === undefined) {
    findings.absent(subject, 'the device plugin');
    return;
  }
  const { ready, wanted, nodes } = found;
  const pool = poolNodesOf(history);
  findings.expect(
    subject,
    ready === wanted && wanted >= pool.length,
    `ready on ${Math.max(pool.length, wanted)} nodes`,
    `ready on ${ready} of ${wanted}`,
  );
  for (const { name } of pool) {
    const there = nodes.includes(name);
    findings.expect(`${subject} on ${name}`, there, 'a ready pod', there ? 'there' : 'none');
  }
}

/** In the words of the scheduler (Kubernetes 1.37, plugin TaintToleration; older ones name the taint in braces). */
const FOR_ITS_TAINT = /untolerated taint/;

/** `gpu/taint`: the taints are there, nobody runs there who does not tolerate them, and strangers are refused because of them. */
export function judgeTaint(history: History): Judgement {
  const findings = new Findings(history).rule('kept-away');
  const kept = all(history, 'gpu-refused');
  for (const refused of kept) expectKeptAway(refused, findings);
  const names = kept.map(({ pod }) => pod);
  findings.eachOnce('strangers', [...new Set(names)], names);
  if (mayWrite(history.header)) expectStrangers(history, findings);
  for (const tenants of all(history, 'gpu-tenants')) expectTaints(history, tenants, findings);
  findings.rule('tenants');
  for (const { node, tenants } of all(history, 'gpu-tenants')) {
    const subject = `pods on node ${node}`;
    const expected = 'only such as tolerate its taints';
    const pods = tenants.map(({ pod }) => pod);
    findings.eachOnce(subject, [...new Set(pods)], pods);
    const intruders = tenants.filter(({ tolerates }) => !tolerates).map(({ pod }) => pod);
    // Something of the cluster runs on every node, be it the plugin alone.
    if (tenants.length === 0) findings.unknown(subject, expected, 'no pod at all was seen');
    else
      findings.expect(
        subject,
        intruders.length === 0,
        expected,
        intruders.slice(0, 5).join(', ') || `${tenants.length} pods, all do`,
      );
  }
  needPool(history, findings);
  needCounts(history, findings, 1);
  return concludeWithPool(history, findings, 'pods without the toleration never land on the pool');
}

function expectTaints(history: History, { node, taints }: Seen<'gpu-tenants'>, findings: Findings): void {
  findings.rule('taints');
  const there = taints.map(taintText);
  const declared = declaredPool(history.header).taints.map(taintText);
  const missing = declared.filter((taint) => !there.includes(taint));
  findings.expect(
    `taints of node ${node}`,
    missing.length === 0,
    declared.join(', ') || 'none',
    missing.length === 0 ? 'there' : `without ${missing.join(', ')}`,
  );
}

/** Of as many nodes as strangers are started for each has one that may go nowhere else. */
const MOST_STRANGERS = 8;

function expectStrangers(history: History, findings: Findings): void {
  findings.rule('strangers');
  const nodes = poolNodesOf(history).map(({ name }) => name);
  const bound = new Set(all(history, 'gpu-refused').map((one) => one.bound));
  const without = nodes.filter((name) => !bound.has(name));
  const wanted = Math.min(nodes.length, MOST_STRANGERS);
  const expected = `${wanted} nodes with a stranger that may go nowhere else`;
  const seen = nodes.length - without.length;
  if (seen === wanted) findings.expect('strangers', true, expected, String(seen));
  else findings.unknown('strangers', expected, String(seen));
}

function expectKeptAway(refused: Seen<'gpu-refused'>, findings: Findings): void {
  const { pod, node, message, state, role, tolerated } = refused;
  const subject = `pod ${pod} without the toleration`;
  const asks = role === 'stranger that asks';
  findings.sound(subject, (pod === STRANGER_ASKS) === asks, `a pod that is called after its role`, role);
  const expected = 'Pending, because of the taint';
  if (node !== null && tolerated === true && asks)
    findings.note(`${pod} was given the toleration when it was admitted, as it asks for a device`);
  else if (node !== null) findings.expect(subject, false, expected, `it landed on ${node}`);
  else if (message === '') findings.unknown(subject, expected, 'the scheduler has said nothing');
  else if (state !== 'refused') findings.unknown(subject, expected, state);
  else if (asks) findings.expect(subject, true, 'Pending', message);
  else findings.expect(subject, FOR_ITS_TAINT.test(message), expected, message);
}

function taintText({ key, value = '', effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
}
