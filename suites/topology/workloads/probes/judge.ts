import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import {
  byName,
  eachContainer,
  isInit,
  ofWorkload,
  subjectOf,
} from '../../../../reports/judge/topology/containers.ts';
import type { DeclaredWorkload } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { atMost } from '../../../../reports/record/at-most.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { OF_CONTAINERS, withException } from '../exceptions.ts';
import { strayIn } from './stray.ts';

const serving = ({ settings }: HistoryHeader): DeclaredWorkload[] =>
  (settings.workloads ?? []).filter(({ serves }) => serves === true);

export const judge: CheckJudge = { judge: judgeProbes };

/** Liveness and readiness on every container that serves; each Service leads to the pods that are ready. */
function judgeProbes(history: History): Judgement {
  const findings = new Findings(history);
  const lines = all(history, 'container-probes');
  const lasting: Line[] = [];
  const workloads = serving(history.header);
  eachContainer(history, findings, { workloads, lines }, (one) => {
    if (!isInit(history, one)) lasting.push(one);
  });
  const judged: Line[] = [];
  findings.each(
    byName(workloads),
    all(history, 'service-ports'),
    {
      key: ofWorkload,
      what: 'ports',
      expected: 'those to which Services lead',
      missing: 'unknown',
      strange: 'ignore',
    },
    (_workload, { workload, undeclared }) => {
      // Those that are exempt may be the ones that serve: the others do not take their place.
      const own = lines.filter((one) => one.workload === workload && !isInit(history, one));
      judged.push(...thatServe(own, undeclared).filter((one) => lasting.includes(one)));
    },
  );
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
  endpoints(history, findings.rule('endpoints'));
  const left = lasting.filter((one) => !judged.includes(one));
  if (left.length > 0) {
    const names = left.map(({ workload, container }) => `${container} of ${workload}`);
    findings.note(`not judged: without a port: ${atMost(names, MOST_NAMED).join(', ')}`);
  }
  const judgement = findings.conclude(
    'liveness and readiness probes on every container that serves; Services that lead to ready pods',
  );
  return withException(judgement, OF_CONTAINERS);
}

function endpoints(history: History, findings: Findings): void {
  const seen = all(history, 'service-endpoints');
  const led = all(history, 'service-ports');
  for (const { workload, services } of led) {
    const own = new Set(seen.filter((one) => one.workload === workload).map(({ service }) => service));
    if (own.size !== services)
      findings.unknown(`Services of ${workload}`, `what is behind each of ${services}`, `of ${own.size}`);
  }
  for (const line of seen) {
    const stray = atMost(strayIn(line), MOST_STRAY).join(', ');
    // How soon a Service follows its pods is a matter of how busy the machine is.
    findings.inTime(
      `Service ${line.service}`,
      stray === '',
      'leads to each ready pod, and nowhere else',
      stray,
    );
  }
  const without = led.filter(({ services }) => services === 0).map(ofWorkload);
  if (without.length > 0) findings.note(`no Service leads to ${atMost(without, MOST_NAMED).join(', ')}`);
}

type Line = Seen<'container-probes'>;

const MOST_NAMED = 10;
const MOST_STRAY = 3;

/**
 * Of several containers those that declare a port. Where a Service leads to a port that none declares, or none declares any, each of them may be the
 * one that serves.
 */
function thatServe(lasting: readonly Line[], undeclared: readonly string[]): readonly Line[] {
  const withPort = lasting.filter(({ ports }) => ports !== 0);
  return withPort.length === 0 || undeclared.length > 0 ? lasting : withPort;
}
