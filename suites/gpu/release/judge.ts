import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import {
  concludeWithPool,
  expectHolders,
  expectOffers,
  isAboutImage,
  needAllTaken,
  needCounts,
  nodesDeclared,
  noteBusy,
  poolNodesOf,
  requestsSeen,
} from '../_judge/pool.ts';
import { expectPresent, readyPods } from '../_judge/reported.ts';
import { all } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';

const SUBJECTS = {
  deletion: 'a device after the deletion of its pod',
  restart: 'a device after the return of its node',
} as const;

/** `gpu/release`: how long until another pod was ready with a device. */
function judgeRelease(history: History): Judgement {
  const findings = new Findings(history);
  const { releaseSeconds: goalS } = history.header.goals;
  if (goalS === undefined)
    findings.rule('goals').unknown('goal releaseSeconds', 'a number', 'the history states none');
  else for (const back of all(history, 'gpu-back')) expectBack(history, findings, { back, goalS });
  findings.rule('waited');
  for (const { pod, state, node, detail } of all(history, 'gpu-waits')) {
    const expected = 'refused by the scheduler while all devices are taken';
    if (state === 'refused' && node === null) findings.expect(`pod ${pod}`, true, expected, detail);
    else
      findings.unknown(
        'a pod that waits for a device',
        expected,
        `${state} on ${node ?? 'no node'}: ${detail}`,
      );
  }
  findings.rule('present');
  for (const pod of readyPods(history)) expectPresent(history, pod, findings);
  expectHolders(history, findings);
  expectOffers(history, findings);
  findings.rule('taken');
  needAllTaken(history, findings);
  needCounts(history, findings, 2);
  noteBusy(history, findings);
  return concludeWithPool(history, findings, `devices are in use again within ${goalS ?? '?'} s`);
}

function expectBack(
  history: History,
  findings: Findings,
  { back, goalS }: { back: Seen<'gpu-back'>; goalS: number },
): void {
  findings.rule('back');
  const { what, ready, sinceMs, seenMs, detail } = back;
  const expected = `in use again within ${goalS} s`;
  const afterMs = seenMs - sinceMs;
  const trouble = troubleOf(history, back);
  if (trouble !== null) findings.unknown(SUBJECTS[what], expected, trouble);
  else
    findings.inTime(
      SUBJECTS[what],
      ready && afterMs <= goalS * 1000,
      expected,
      ready ? `in use again after ${seconds(afterMs)}` : `not within ${seconds(afterMs)} (${detail})`,
    );
  const value = ready ? Number((afterMs / 1000).toFixed(2)) : null;
  findings.figure({ name: `back after ${what}`, value, unit: 's', goal: goalS });
}

/** Why a return proves nothing; null: it does. */
function troubleOf(history: History, { node, ready, detail }: Seen<'gpu-back'>): string | null {
  if (!ready && node !== null && isAboutImage(detail)) return `not ready on ${node}: ${detail}`;
  const known = poolNodesOf(history).some(({ name }) => name === node);
  return known || !ready ? null : `in use again on ${node ?? 'no node'}, which is not in the pool`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function ofRelease(header: HistoryHeader): AnyNeed[] {
  const { embedded, restart } = header.settings;
  const restarts = embedded !== undefined && restart !== false;
  return [
    nodesDeclared(header),
    requestsSeen(header, 2),
    need('gpu-pod'),
    need('gpu-waits'),
    need('gpu-back', {
      subjects: restarts ? ['deletion', 'restart'] : ['deletion'],
      of: ({ what }) => what,
    }),
  ];
}

export const judge: CheckJudge = {
  judge: judgeRelease,
  evidence: ofRelease,
};
