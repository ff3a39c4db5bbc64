import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all } from '../observed.ts';
import { Findings } from '../topology/findings.ts';
import {
  concludeWithPool,
  expectHolders,
  expectOffers,
  needAllTaken,
  needCounts,
  noteBusy,
  poolNodesOf,
} from './pool.ts';

const SUBJECTS = {
  deletion: 'a device after the deletion of its pod',
  restart: 'a device after the return of its node',
} as const;
/** It is recorded as soon as it is seen; a longer time between them was measured by another clock. */
const RECORDED_WITHIN_MS = 10_000;

/** `gpu/release`: how long until another pod was ready with a device. */
export function judgeRelease(history: History): Judgement {
  const findings = new Findings(history);
  const { releaseSeconds: goalS } = history.header.goals;
  if (goalS === undefined)
    findings.rule('goals').unknown('the goal of the return', 'releaseSeconds', 'the history states none');
  else for (const back of all(history, 'gpu-back')) expectBack(history, findings, { back, goalS });
  findings.rule('waited');
  for (const { pod, state, node, detail } of all(history, 'gpu-waits')) {
    const expected = 'refused while all are taken';
    if (state === 'refused' && node === null) findings.expect(`pod ${pod}`, true, expected, detail);
    else
      findings.unknown(
        'a pod that waits for a device',
        expected,
        `${state} on ${node ?? 'no node'}: ${detail}`,
      );
  }
  expectHolders(history, findings);
  expectOffers(history, findings);
  findings.rule('taken');
  needAllTaken(history, findings);
  needCounts(history, findings, 2);
  noteBusy(history, findings);
  return concludeWithPool(history, findings, `devices can be had again within ${goalS ?? '?'} s`);
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

/** What keeps it from saying anything; null: nothing. */
function troubleOf(history: History, { node, ready, sinceMs, seenMs, t }: Seen<'gpu-back'>): string | null {
  const timed = sinceMs > history.header.anchor.monoMs && seenMs > sinceMs && t >= seenMs;
  if (!timed || t - seenMs > RECORDED_WITHIN_MS) return `times that cannot be: ${sinceMs} to ${seenMs} ms`;
  const known = poolNodesOf(history).some(({ name }) => name === node);
  return known || !ready ? null : `in use again on ${node ?? 'no node'}, not of the pool`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
