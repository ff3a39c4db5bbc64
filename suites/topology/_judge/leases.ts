/**
 * Signs of life. That a node, a pod or a workload is ready is what was written last; kubelets, scheduler and controller manager renew a Lease while they
 * live to write it.
 */
import type { History } from '../../../reports/record/history/history.ts';
import type { Fields, Seen } from '../../../reports/record/observations/index.ts';
import { all } from '../../../reports/judge/observed.ts';
import { wallOf } from '../../../reports/judge/telemetry/clocks.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';

const SECOND_MS = 1000;

/** Those whose Lease says which of their copies leads, as components of a control plane call it (kube-controller-manager, `--leader-elect-resource-name`). */
export const CONTROLLERS = ['kube-scheduler', 'kube-controller-manager'] as const;

/** The subject of a node's Lease. */
export const ofNode = (name: string): string => `node ${name}`;

/**
 * Whether somebody renews a Lease: it is younger than it lasts, give or take the error of clocks, or was renewed while it was looked at, by whatever
 * clock.
 */
export function isRenewed(
  { holder, seconds, renewedAt, before = renewedAt }: Fields<'lease'>,
  nowMs: number,
  clockMs: number,
): boolean {
  if (holder === '' || renewedAt === null) return false;
  const ageMs = nowMs - renewedAt;
  return renewedAt !== before || (ageMs >= -clockMs && ageMs <= seconds * SECOND_MS + clockMs);
}

const EXPECTED = 'renewed by who holds it';

/** @param nodes those that are said to be Ready */
export function leasesRule(history: History, findings: Findings, nodes: readonly string[] = []): void {
  findings.rule('alive');
  const clockMs = findings.goal('clockSeconds') * SECOND_MS;
  const unread = new Set<string>();
  findings.each(
    [...nodes.map(ofNode), ...CONTROLLERS].map((of) => [of, of]),
    all(history, 'lease'),
    { key: ({ of }) => of, what: 'Lease', expected: EXPECTED, missing: 'unknown', strange: 'ignore' },
    (of, lease) => {
      const nowMs = wallOf(history, lease.t);
      const hidden = whyHidden(lease);
      if (hidden !== null) unread.add(hidden);
      else if (lease.why !== null) findings.unknown(`Lease of ${of}`, EXPECTED, lease.why);
      else
        findings.expect(`Lease of ${of}`, isRenewed(lease, nowMs, clockMs), EXPECTED, seenText(lease, nowMs));
    },
  );
  for (const text of unread) findings.except(text);
}

/** What nobody can look at though nothing is wrong: an account may not, or a provider keeps the Leases of its control plane elsewhere. */
function whyHidden({ of, why }: Seen<'lease'>): string | null {
  const isController = CONTROLLERS.some((one) => one === of);
  if (why !== 'forbidden' && !(isController && why === 'missing')) return null;
  const who = isController ? `${of} lives, by its Lease in kube-system` : 'Ready nodes live, by their Leases';
  return `whether ${who}, ${why === 'missing' ? 'which is not there' : 'which this account may not read'}`;
}

function seenText({ holder, seconds, renewedAt }: Seen<'lease'>, nowMs: number): string {
  if (holder === '' || renewedAt === null) return 'held by nobody';
  return `last renewed by ${holder} ${Math.round((nowMs - renewedAt) / SECOND_MS)} s ago, and it lasts ${seconds} s`;
}
