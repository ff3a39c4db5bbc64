import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { eachContainer, every, isInit, subjectOf } from '../../../../reports/judge/topology/containers.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { nameOf } from '../../../../reports/record/names/topology-names.ts';
import { OF_CONTAINERS, withException } from '../exceptions.ts';

export const judge: CheckJudge = { judge: judgeResources };

/** CPU and memory requests and limits on every container, and GPUs where they are declared. */
function judgeResources(history: History): Judgement {
  const findings = new Findings(history);
  const lines = all(history, 'container-resources');
  const goes = { workloads: every(history.header), lines };
  eachContainer(history, findings, goes, (one) => {
    if (isInit(history, one)) return;
    for (const side of ['requests', 'limits'] as const)
      for (const resource of ['cpu', 'memory'] as const) {
        const given = one[side][resource];
        findings
          .rule(side)
          .expect(`${resource} ${side} of ${subjectOf(one)}`, isGiven(given), 'set', given ?? 'not set');
      }
  });
  findings.rule('gpu');
  for (const workload of every(history.header)) {
    if (workload.gpu === undefined) continue;
    const own = lines.filter((one) => one.workload === nameOf(workload) && !isInit(history, one));
    const devices = own.reduce((sum, one) => sum + (one.devices ?? 0), 0);
    const wanted = workload.gpu;
    const subject = `GPU of ${nameOf(workload)}`;
    const isClaimed =
      history.header.settings.gpu?.claims !== undefined && own.some((one) => one.claims === true);
    if (isClaimed && devices < wanted)
      findings.unknown(
        subject,
        `${wanted} devices`,
        `${devices} by limits; others may come through ResourceClaims`,
      );
    else findings.expect(subject, devices === wanted, `${wanted} devices`, String(devices));
  }
  const goal = 'CPU and memory requests and limits on every container, GPUs where declared';
  return withException(findings.conclude(goal), OF_CONTAINERS);
}

/** A quantity that is none, such as `0` or `0Mi`, gives nothing and limits nothing. */
function isGiven(quantity: string | null): boolean {
  return quantity !== null && /[1-9]/.test(quantity);
}
