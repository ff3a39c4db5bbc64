import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, number, seen, text } from '../topology/findings.ts';

/** telemetry/logs/every-workload: what the pods of each wrote lately, and had the time to arrive, is in the store. */
export function judgeWorkloads(history: History): Judgement {
  const findings = new Findings(history);
  const recent = seen(history, 'recent');
  const unread = seen(history, 'disk-unread');
  const lost = recent.reduce((sum, one) => sum + number(one, 'lines') - number(one, 'found'), 0);
  const tolerated = lost <= goalNumber(history, 'missing', 0);
  const quiet: string[] = [];
  for (const workload of seen(history, 'workload')) {
    const name = text(workload, 'name');
    const own = recent.filter((one) => text(one, 'workload') === name);
    const wrote = own.filter((one) => number(one, 'lines') > 0);
    const blocked = unread.filter((one) => text(one, 'workload') === name);
    if (number(workload, 'pods') === 0) findings.unknown(name, 'its lines in the store', 'it has no pod');
    else if (wrote.length === 0 && blocked.length === 0) quiet.push(name);
    if (wrote.length > 0) workloadFinding(findings, { name, wrote, tolerated });
    if (blocked[0] !== undefined)
      findings.unknown(
        name,
        'its lines in the store',
        `the logs of ${blocked.length} of its pods cannot be read: ${text(blocked[0], 'reason')}`,
      );
  }
  if (quiet.length > 0) findings.note(`nothing was logged lately by ${quiet.join(', ')}`);
  findings.figure({
    name: 'lines looked for',
    value: recent.reduce((sum, one) => sum + number(one, 'lines'), 0),
  });
  findings.figure({ name: 'missing', value: lost, goal: goalNumber(history, 'missing', 0) });
  findings.figure({ name: 'workloads that logged nothing lately', value: quiet.length });
  return findings.conclude(
    "the last lines of every declared workload's pods, from their nodes' disks, in the store",
  );
}

function workloadFinding(
  findings: Findings,
  { name, wrote, tolerated }: { name: string; wrote: readonly Observation[]; tolerated: boolean },
): void {
  const lines = wrote.reduce((sum, one) => sum + number(one, 'lines'), 0);
  const found = wrote.reduce((sum, one) => sum + number(one, 'found'), 0);
  const worst = wrote.filter((one) => number(one, 'found') < number(one, 'lines'));
  const ok = worst.length === 0 || tolerated;
  const where = worst.map(
    (one) =>
      `${number(one, 'lines') - number(one, 'found')} of ${text(one, 'pod')} on node ${text(one, 'node')}`,
  );
  const example = worst[0] === undefined ? '' : ` (the first: ${text(worst[0], 'missing')})`;
  const said = ok ? `${found} of ${lines}` : `${found} of ${lines}; missing ${where.join(', ')}${example}`;
  findings.expect(name, ok, 'its last lines in the store', said);
}
