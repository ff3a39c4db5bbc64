import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, list, number, seen, setting, text } from './findings.ts';

/** Pods reach pods over every pair of nodes asked for, a Service and the cluster's DNS; the declared plugin is there. */
export function judgeReachability(history: History): Judgement {
  const findings = new Findings(history);
  const plan = seen(history, 'plan')[0];
  const nodes = plan === undefined ? [] : (list(plan, 'nodes') as string[]);
  for (const from of nodes) {
    for (const to of nodes) if (from !== to) pair(history, findings, { from, to });
    for (const kind of ['service', 'dns'] as const) fromNode(history, findings, { from, kind });
  }
  plugin(history, findings);
  if (plan !== undefined)
    findings.figure({ name: 'nodes covered', value: nodes.length, goal: number(plan, 'total') });
  findings.figure({ name: 'slowest pair', value: slowest(history), unit: 'ms' });
  return findings.conclude(
    'pod to pod over every pair of nodes, pod to Service, cluster DNS; the declared network plugin',
  );
}

function pair(history: History, findings: Findings, ends: { from: string; to: string }): void {
  const subject = `${ends.from} -> ${ends.to}`;
  const found = seen(history, 'pair').find(
    (one) => text(one, 'from') === ends.from && text(one, 'to') === ends.to,
  );
  if (found === undefined)
    findings.unknown(subject, 'an answer from the pod there', whyNot(history, ends.from));
  else
    findings.expect(
      subject,
      found['ok'] === true,
      'an answer from the pod there',
      text(found, 'detail') || 'answered',
    );
}

function fromNode(history: History, findings: Findings, of: { from: string; kind: 'service' | 'dns' }): void {
  const subject = `${of.from} -> ${of.kind === 'dns' ? 'cluster DNS' : 'Service'}`;
  const expected = of.kind === 'dns' ? "the Service's address" : 'an answer through the Service';
  const found = seen(history, of.kind).find((one) => text(one, 'from') === of.from);
  if (found === undefined) findings.unknown(subject, expected, whyNot(history, of.from));
  else findings.expect(subject, found['ok'] === true, expected, text(found, 'detail') || 'answered');
}

/** A pod that did not start or could not be asked: what it would have seen is unknown. */
function whyNot(history: History, from: string): string {
  const silent = seen(history, 'silent').find((one) => text(one, 'node') === from);
  return silent === undefined ? 'not asked' : text(silent, 'reason');
}

function plugin(history: History, findings: Findings): void {
  const declared = (
    setting(history, 'network') as
      { cni: { name: string; daemonSet?: { namespace: string; name: string } } } | undefined
  )?.cni;
  if (declared === undefined) return;
  const subject = `network plugin ${declared.name}`;
  if (declared.daemonSet !== undefined) {
    const found = seen(history, 'cni-daemonset')[0];
    if (found === undefined)
      findings.absent(subject, `DaemonSet ${declared.daemonSet.namespace}/${declared.daemonSet.name}`);
    else {
      const [ready, wanted] = [number(found, 'ready'), number(found, 'wanted')];
      findings.expect(
        subject,
        wanted > 0 && ready === wanted,
        'Ready on every node',
        `${ready} of ${wanted}`,
      );
    }
    return;
  }
  const addresses = seen(history, 'pod-address');
  if (addresses.length === 0)
    findings.unknown(subject, "pod addresses inside their node's podCIDR", 'no pod with an address was seen');
  for (const one of addresses) {
    const inside = (list(one, 'podCidrs') as string[]).some((cidr) => isInside(text(one, 'ip'), cidr));
    findings.expect(
      `address of a pod on ${text(one, 'node')}`,
      inside,
      `inside ${(list(one, 'podCidrs') as string[]).join(', ') || 'a podCIDR'}`,
      text(one, 'ip'),
    );
  }
}

function slowest(history: History): number | null {
  const times = seen(history, 'pair')
    .map((one) => number(one, 'ms'))
    .filter(Number.isFinite);
  return times.length === 0 ? null : Math.max(...times);
}

/** IPv4 only; an IPv6 address is inside when it shares the prefix's leading text, which is how podCIDRs are cut in practice. */
export function isInside(address: string, cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  if (address.includes(':')) return base !== '' && address.startsWith(base.replace(/::$/, ':'));
  const mask = Number(bits) === 0 ? 0 : (0xffffffff << (32 - Number(bits))) >>> 0;
  const [a, b] = [toNumber(address), toNumber(base)];
  return a !== null && b !== null && (a & mask) >>> 0 === (b & mask) >>> 0;
}

function toNumber(address: string): number | null {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    return null;
  return parts.reduce((whole, part) => whole * 256 + part, 0);
}
