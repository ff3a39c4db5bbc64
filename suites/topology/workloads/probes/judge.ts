import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import {
  eachContainer,
  ofWorkload,
  subjectOf,
  templates,
} from '../../../../reports/judge/topology/containers.ts';
import type { DeclaredWorkload } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { nameOf } from '../../../../reports/record/names/topology-names.ts';

const serving = ({ settings }: HistoryHeader): DeclaredWorkload[] =>
  (settings.workloads ?? []).filter(({ serves }) => serves === true);

export const judge: CheckJudge = {
  judge: judgeProbes,
  evidence: (header) => {
    const subjects = serving(header).map(nameOf);
    return [templates(subjects), need('container-probes', { subjects, ...ofWorkload })];
  },
  annotations: {
    'container-probes.liveness': 'its presence decides; the probe itself is not declared',
    'container-probes.readiness': 'its presence decides; the probe itself is not declared',
  },
};

/** Liveness and readiness on every container that serves. */
function judgeProbes(history: History): Judgement {
  const findings = new Findings(history);
  const goes = { workloads: serving(history.header), lines: all(history, 'container-probes') };
  eachContainer(history, findings, goes, (_workload, one) => {
    if (one.init) return;
    for (const probe of ['liveness', 'readiness'] as const)
      findings
        .rule(probe)
        .expect(
          `${probe} of ${subjectOf(one)}`,
          one[probe] !== null && one[probe] !== '',
          `a ${probe} probe`,
          one[probe] ?? 'none',
        );
  });
  return findings.conclude('liveness and readiness probes on every container that serves');
}
