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
import { atMost } from '../../../../reports/record/at-most.ts';
import { nameOf } from '../../../../reports/record/names/topology-names.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { OF_CONTAINERS, withException } from '../exceptions.ts';

const serving = ({ settings }: HistoryHeader): DeclaredWorkload[] =>
  (settings.workloads ?? []).filter(({ serves }) => serves === true);

export const judge: CheckJudge = {
  judge: judgeProbes,
  evidence: (header) => {
    const subjects = serving(header).map(nameOf);
    return [templates(subjects), need('container-probes', { subjects, ...ofWorkload })];
  },
};

/** Liveness and readiness on every container that serves. */
function judgeProbes(history: History): Judgement {
  const findings = new Findings(history);
  const lines = all(history, 'container-probes');
  const lasting: Line[] = [];
  eachContainer(history, findings, { workloads: serving(history.header), lines }, (_workload, one) => {
    if (!one.init) lasting.push(one);
  });
  const judged = [...new Set(lasting.map(({ workload }) => workload))].flatMap((workload) => {
    const [found] = portsOf(history, findings, workload);
    // Those that are exempt may be the ones that serve: the others do not take their place.
    const own = lines.filter((one) => one.workload === workload && !one.init);
    return thatServe(own, found?.undeclared ?? []).filter((one) => lasting.includes(one));
  });
  for (const one of judged)
    for (const probe of ['liveness', 'readiness'] as const)
      findings
        .rule(probe)
        .expect(
          `${probe} of ${subjectOf(one)}`,
          one[probe] !== null && one[probe] !== '',
          `a ${probe} probe`,
          one[probe] ?? 'none',
        );
  const left = lasting.filter((one) => !judged.includes(one));
  if (left.length > 0) {
    const names = left.map(({ workload, container }) => `${container} of ${workload}`);
    findings.note(`not judged: without a port: ${atMost(names, MOST_NAMED).join(', ')}`);
  }
  const judgement = findings.conclude('liveness and readiness probes on every container that serves');
  return withException(judgement, OF_CONTAINERS);
}

type Line = Seen<'container-probes'>;

const MOST_NAMED = 10;

/** What was recorded of the ports of a workload: one line that agrees with those of its containers. Records of earlier versions have neither. */
function portsOf(history: History, findings: Findings, workload: string): Seen<'service-ports'>[] {
  const lines = all(history, 'container-probes').filter((one) => one.workload === workload);
  if (lines.every(({ ports }) => ports === undefined)) return [];
  const found = all(history, 'service-ports').filter((one) => one.workload === workload);
  findings.eachOnce(
    `ports of ${workload}`,
    [workload],
    found.map((one) => one.workload),
  );
  const declared = lines.reduce((sum, { ports = 0 }) => sum + ports, 0);
  for (const one of found) findings.agree(`ports of ${workload}`, one.declared, declared);
  return found;
}

/**
 * Of several containers those that declare a port. Where a Service leads to a port that none declares, or none declares any, each of them may be the
 * one that serves.
 */
function thatServe(lasting: readonly Line[], undeclared: readonly string[]): readonly Line[] {
  const withPort = lasting.filter(({ ports }) => ports !== 0);
  return withPort.length === 0 || undeclared.length > 0 ? lasting : withPort;
}
