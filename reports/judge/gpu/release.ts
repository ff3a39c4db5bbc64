import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, number, seen, text } from '../topology/findings.ts';
import { concludeWithPool, expectHolders, expectOffers, noteBusy } from './pool.ts';

const SUBJECTS: Readonly<Record<string, string>> = {
  deletion: 'a device after the deletion of its pod',
  restart: 'a device after the return of its node',
};

/** `gpu/release`: how long until another pod was ready with a device. */
export function judgeRelease(history: History): Judgement {
  const findings = new Findings(history);
  const goalS = goalNumber(history, 'releaseSeconds', 30);
  for (const back of seen(history, 'gpu-back')) {
    const afterMs = number(back, 'afterMs');
    const subject = SUBJECTS[text(back, 'what')] ?? text(back, 'what');
    const tries = number(back, 'tries') > 1 ? `, at try ${number(back, 'tries')}` : '';
    const found = Number.isNaN(afterMs)
      ? `not within ${seconds(number(back, 'waitedMs'))} (${text(back, 'detail')})`
      : `in use again after ${seconds(afterMs)}${tries}`;
    findings.expect(subject, afterMs <= goalS * 1000, `in use again within ${goalS} s`, found);
    const value = Number.isNaN(afterMs) ? null : Number((afterMs / 1000).toFixed(2));
    findings.figure({ name: `back after ${text(back, 'what')}`, value, unit: 's', goal: goalS });
  }
  for (const other of seen(history, 'gpu-not-waiting'))
    findings.unknown(
      'a pod that waits for a device',
      'refused while all are taken',
      `${text(other, 'state')} on ${text(other, 'node') || 'no node'}: ${text(other, 'detail')}`,
    );
  expectHolders(history, findings);
  expectOffers(history, findings);
  noteBusy(history, findings);
  return concludeWithPool(history, findings, `devices can be had again within ${goalS} s`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
