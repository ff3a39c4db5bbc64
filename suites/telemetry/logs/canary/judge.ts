import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { DISKS, nodesWriting, storeSwept } from '../../_judge/evidence.ts';
import { judgeLines } from '../../_judge/logs.ts';
import { mostWritersIn } from '../../_judge/observed.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/** telemetry/logs/canary: every numbered line of every node is in the store in time. */
function judgeLogs(history: History): Judgement {
  return judgeLines(history, new Findings(history), []);
}

export const judge: CheckJudge = {
  judge: judgeLogs,
  evidence: (header) => [
    ...nodesWriting(header, mostWritersIn(header)),
    ...DISKS,
    storeSwept('logs'),
    need('line'),
  ],
};
