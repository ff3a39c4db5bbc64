import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import {
  concludeWithPool,
  declaredGpu,
  expectHolders,
  gpuOf,
  mayWrite,
  needCounts,
  needPool,
  nodesDeclared,
  noteBusy,
  poolNodesOf,
  requestsSeen,
} from '../_judge/pool.ts';
import { onlyWhere } from '../_judge/pool-needs.ts';
import { expectReported, readyPods } from '../_judge/reported.ts';
import { all } from '../../../reports/judge/observed.ts';
import { devicesIn } from '../../../reports/record/names/device-words.ts';
import { nameOf } from '../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

/** `gpu/schedule`: pods with devices are on the pool, the canary knows its device, and a real one has answered. */
function judgeSchedule(history: History): Judgement {
  const findings = new Findings(history);
  const { pool } = gpuOf(history);
  const members = new Set(poolNodesOf(history).map(({ name }) => name));
  const onPool = (subject: string, node: string): void =>
    findings.expect(subject, members.has(node), `on a node of pool ${pool}`, `on ${node}`);
  expectHolders(history, findings);
  findings.rule('placed');
  for (const { pod, node } of readyPods(history)) onPool(`pod ${pod}`, node ?? 'no node');
  for (const { pod, node } of all(history, 'gpu-placed').flatMap(({ pods }) => pods))
    if (node === null) findings.unknown(`pod ${pod}`, `on a node of pool ${pool}`, 'not placed yet');
    else onPool(`pod ${pod}`, node);
  expectReplicas(history, findings);
  findings.rule('told');
  for (const pod of readyPods(history)) expectReported(history, pod, findings);
  expectAnswers(history, findings);
  needPool(history, findings);
  needCounts(history, findings, mayWrite(history.header) ? 2 : 1);
  noteBusy(history, findings);
  const expected = `pods that ask for devices run on pool ${pool}`;
  return concludeWithPool(
    history,
    findings,
    mayWrite(history.header)
      ? `${expected}, and have devices`
      : `${expected}; Plumbline may start no pod in this environment, so whether they have devices is not judged`,
  );
}

/** Each declared workload must be recorded with at least its minimum of pods. */
function expectReplicas(history: History, findings: Findings): void {
  const declared = (history.header.settings.workloads ?? []).filter(({ gpu }) => gpu !== undefined);
  for (const workload of declared) {
    const name = nameOf(workload);
    const seen = all(history, 'gpu-placed').find((one) => one.workload === name)?.pods ?? [];
    const { min } = workload.replicas;
    if (seen.length >= min) findings.expect(name, true, `${min} pods`, `${seen.length}`);
    else findings.unknown(name, `${min} pods`, `${seen.length}`);
  }
}

function expectAnswers(history: History, findings: Findings): void {
  findings.rule('answers');
  const given = readyPods(history).flatMap(({ devices }) => devices ?? []);
  for (const { command, code, output } of all(history, 'gpu-answer')) {
    const said = devicesIn(output, given);
    const [subject, expected] = [`\`${command}\``, 'ends with 0, and its words name a device'];
    const seen = `exit ${code}: ${output.trim() === '' ? 'no word' : output.slice(0, 200)}`;
    if (code === 0 && said === 'unknown') findings.unknown(subject, expected, seen);
    else findings.expect(subject, code === 0 && said === 'some', expected, seen);
  }
}

function ofSchedule(header: HistoryHeader): AnyNeed[] {
  const { workload } = declaredGpu(header);
  const declared = (header.settings.workloads ?? []).filter(({ gpu }) => gpu !== undefined);
  const writes = mayWrite(header);
  return [
    nodesDeclared(header),
    requestsSeen(header, writes ? 2 : 1),
    ...onlyWhere(writes, need('gpu-pod', { subjects: ['gpu-lands'], of: ({ pod }) => pod })),
    ...onlyWhere(
      // Where no pod may be started, nothing else can be seen.
      declared.length > 0 || !writes,
      need('gpu-placed', {
        subjects: declared.map(nameOf),
        of: (seen) => seen.workload,
        count: Math.max(1, declared.length),
      }),
    ),
    ...onlyWhere(writes && workload !== undefined, need('gpu-answer')),
  ];
}

export const judge: CheckJudge = {
  judge: judgeSchedule,
  evidence: ofSchedule,
};
