import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import {
  concludeWithPool,
  expectHolders,
  expectOffers,
  expectReason,
  gpuOf,
  needAllTaken,
  needCounts,
  nodesDeclared,
  poolNodesOf,
  requestedLast,
  requestsSeen,
} from '../_judge/pool.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';

/** `gpu/exhausted`: one pod too many is Pending, because the resource is insufficient. */
function judgeExhausted(history: History): Judgement {
  const findings = new Findings(history).rule('refused');
  const { resource } = gpuOf(history);
  const extra = first(history, 'gpu-refused');
  if (extra !== undefined) expectExhausted(history, extra, findings);
  expectHolders(history, findings);
  expectOffers(history, findings);
  expectAllTaken(history, findings);
  needAllTaken(history, findings);
  // If others held all devices before, no pod was started, and there was no count in between.
  needCounts(history, findings, all(history, 'gpu-pod').length > 0 ? 3 : 2);
  return concludeWithPool(
    history,
    findings,
    `with every device taken, one more pod is Pending because ${resource} is insufficient`,
  );
}

/** Only if every device is taken is one more pod one too many. */
function expectAllTaken(history: History, findings: Findings): void {
  findings.rule('taken');
  const { devicesPerNode } = gpuOf(history);
  for (const { name } of poolNodesOf(history)) {
    const expected = `all ${devicesPerNode} taken`;
    const requested = requestedLast(history, name) ?? 0;
    if (requested >= devicesPerNode) findings.expect(`node ${name}`, true, expected, `${requested}`);
    else findings.unknown(`node ${name}`, expected, `${requested}`);
  }
}

function expectExhausted(history: History, extra: Seen<'gpu-refused'>, findings: Findings): void {
  const { resource, devicesPerNode } = gpuOf(history);
  const subject = `pod ${extra.pod}`;
  const expected = `Pending: Insufficient ${resource}`;
  const { node, message, state } = extra;
  if (node !== null) {
    const requested = requestedLast(history, node);
    const landed = `it landed on ${node}, where pods now ask for ${requested ?? 'an unknown number'} of ${devicesPerNode}`;
    if (requested !== null && requested > devicesPerNode) findings.expect(subject, false, expected, landed);
    else findings.unknown(subject, expected, `${landed}: a device was free again`);
    return;
  }
  if (message === '' || state !== 'refused') {
    findings.unknown(subject, expected, message === '' ? 'the scheduler gave no reason' : state);
    return;
  }
  const isRight = message.includes(`Insufficient ${resource}`);
  expectReason(findings, { subject, isRight, expected, message });
  findings.figure({
    name: 'read from',
    value: extra.source === 'event' ? "the scheduler's event" : 'the status of the pod',
  });
}

const ofExhausted = (header: HistoryHeader): AnyNeed[] => [
  nodesDeclared(header),
  requestsSeen(header, 2),
  need('gpu-refused', { subjects: ['one too many'], of: ({ role }) => role }),
];

export const judge: CheckJudge = {
  judge: judgeExhausted,
  evidence: ofExhausted,
};
