import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, number, seen, text } from './findings.ts';

/** Kubernetes' version skew policy: kubelet may be up to three minor versions older than the API server, never newer. */
const MAX_MINORS_BEHIND = 3;
const MIN_DAYS = 30;
const DAY_MS = 86_400_000;

/** Kubelets keep up with the API server, and served certificates last a while yet. */
export function judgeVersions(history: History): Judgement {
  const findings = new Findings(history);
  kubelets(history, findings);
  certificates(history, findings);
  const { behind, days } = limits(history);
  return findings.conclude(
    `kubelets at most ${behind} minor versions behind; served certificates valid for ${days} days or more`,
  );
}

function limits(history: History): { behind: number; days: number } {
  return {
    behind: goalNumber(history, 'maxMinorSkew', MAX_MINORS_BEHIND),
    days: goalNumber(history, 'minDays', MIN_DAYS),
  };
}

function kubelets(history: History, findings: Findings): void {
  const server = seen(history, 'api-version')[0];
  if (server === undefined) return;
  const version = text(server, 'version');
  const minor = minorOf(version);
  const { behind } = limits(history);
  let worst = 0;
  for (const kubelet of seen(history, 'kubelet')) {
    const lag = minor - minorOf(text(kubelet, 'version'));
    worst = Math.max(worst, lag);
    findings.expect(
      `kubelet of ${text(kubelet, 'node')}`,
      lag >= 0 && lag <= behind,
      `0 to ${behind} minors behind ${version}`,
      text(kubelet, 'version'),
    );
  }
  if (seen(history, 'kubelet').length === 0) findings.absent('kubelets', 'at least one node');
  findings.figure({ name: 'kubelet minors behind', value: worst, goal: behind });
}

function minorOf(version: string): number {
  const found = /^v?(\d+)\.(\d+)/.exec(version);
  return found ? Number(found[1]) * 1000 + Number(found[2]) : Number.NaN;
}

function certificates(history: History, findings: Findings): void {
  const least = limits(history).days;
  let shortest: number | null = null;
  for (const certificate of seen(history, 'certificate')) {
    const subject = `certificate of ${text(certificate, 'subject')} at ${text(certificate, 'address')}`;
    const days = Number.isFinite(number(certificate, 'minDays')) ? number(certificate, 'minDays') : least;
    const left = (Date.parse(text(certificate, 'validTo')) - Date.parse(text(certificate, 'at'))) / DAY_MS;
    if (!Number.isFinite(left)) {
      findings.unknown(subject, 'a TLS handshake', text(certificate, 'error') || 'no certificate');
      continue;
    }
    shortest = shortest === null ? left : Math.min(shortest, left);
    findings.expect(subject, left >= days, `valid for ${days} days or more`, `${left.toFixed(1)} days`);
  }
  if (seen(history, 'certificate').length === 0)
    findings.unknown('served certificates', 'at least one', 'no endpoint was asked');
  findings.figure({
    name: 'shortest certificate',
    value: shortest === null ? null : Math.round(shortest * 10) / 10,
    unit: 'days',
    goal: least,
  });
}
