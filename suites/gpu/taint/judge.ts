import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { onlyWhere } from '../_judge/pool-needs.ts';
import {
  concludeWithPool,
  declaredPool,
  expectReason,
  mayWrite,
  needCounts,
  needPool,
  nodesDeclared,
  poolNodesOf,
  requestsSeen,
} from '../_judge/pool.ts';
import { all } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';

interface Taint {
  key: string;
  value?: string | undefined;
  effect: string;
}

/** In the words of the scheduler (Kubernetes 1.37, plugin TaintToleration; older ones name the taint in braces). */
const FOR_ITS_TAINT = /untolerated taint/;
/** Of a node that is cordoned: looked at before its taints, which are not spoken of then. */
const CORDONED = /were unschedulable/;

/** `gpu/taint`: the taints are there, no pod runs there that does not tolerate them, and strangers are refused because of them. */
function judgeTaint(history: History): Judgement {
  const findings = new Findings(history).rule('kept-away');
  for (const refused of all(history, 'gpu-refused')) expectKeptAway(refused, findings);
  if (mayWrite(history.header)) expectStrangers(history, findings);
  for (const tenants of all(history, 'gpu-tenants')) expectTaints(history, tenants, findings);
  findings.rule('tenants');
  for (const { node, tenants } of all(history, 'gpu-tenants')) {
    const subject = `pods on node ${node}`;
    const expected = 'only pods that tolerate its taints';
    const intruders = tenants.filter(({ tolerates }) => !tolerates).map(({ pod }) => pod);
    // Every node runs some pod of the cluster, at least the plugin's.
    if (tenants.length === 0) findings.unknown(subject, expected, 'no pod');
    else
      findings.expect(
        subject,
        intruders.length === 0,
        expected,
        intruders.slice(0, 5).join(', ') || `${tenants.length} pods, all tolerate them`,
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

/** Most nodes for each of which a stranger is started that may go nowhere else. */
const MOST_STRANGERS = 8;

function expectStrangers(history: History, findings: Findings): void {
  findings.rule('strangers');
  const nodes = poolNodesOf(history).map(({ name }) => name);
  const bound = new Set(all(history, 'gpu-refused').map((one) => one.bound));
  const without = nodes.filter((name) => !bound.has(name));
  const wanted = Math.min(nodes.length, MOST_STRANGERS);
  const expected = `one bound to each of ${wanted} nodes`;
  const seen = nodes.length - without.length;
  if (seen === wanted)
    findings.expect('pods without the toleration', true, expected, `bound to ${seen} nodes`);
  else findings.unknown('pods without the toleration', expected, `bound to ${seen} nodes`);
}

function expectKeptAway(refused: Seen<'gpu-refused'>, findings: Findings): void {
  const { pod, node, message, state, role, tolerated } = refused;
  const subject = `pod ${pod} without the toleration`;
  const asks = role === 'stranger that asks';
  const expected = 'Pending, because of the taint';
  if (node !== null && tolerated === true && asks)
    findings.note(`${pod} got the toleration at admission, since it asks for a device`);
  else if (node !== null) findings.expect(subject, false, expected, `it landed on ${node}`);
  else if (message === '') findings.unknown(subject, expected, 'the scheduler gave no reason');
  else if (state !== 'refused') findings.unknown(subject, expected, state);
  else if (asks) findings.expect(subject, true, 'Pending', message);
  else if (CORDONED.test(message) && !FOR_ITS_TAINT.test(message))
    findings.unknown(subject, expected, `${message} (a node is cordoned)`);
  else expectReason(findings, { subject, isRight: FOR_ITS_TAINT.test(message), expected, message });
}

function taintText({ key, value = '', effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
}

function ofTaint(header: HistoryHeader): AnyNeed[] {
  const { min } = declaredPool(header).count;
  return [
    nodesDeclared(header),
    requestsSeen(header, 1),
    need('gpu-tenants', { count: min }),
    ...onlyWhere(
      mayWrite(header),
      need('gpu-refused', { subjects: ['stranger', 'stranger that asks'], of: ({ role }) => role }),
    ),
  ];
}

export const judge: CheckJudge = {
  judge: judgeTaint,
  evidence: ofTaint,
};
