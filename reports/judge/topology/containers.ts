import type { History, HistoryHeader } from '../../record/history/history.ts';
import { nameOf } from '../../record/names/topology-names.ts';
import { all } from '../observed.ts';
import { exemption } from './declared.ts';
import type { DeclaredWorkload } from './declared.ts';
import type { Findings } from './findings.ts';

/** What every kind of container line has. */
interface Line {
  workload: string;
  container: string;
}

export const ofWorkload = ({ workload }: { workload: string }): string => workload;

/** Workloads by the names that their lines have. */
export function byName(workloads: readonly DeclaredWorkload[]): [string, DeclaredWorkload][] {
  return workloads.map((workload) => [nameOf(workload), workload]);
}

export const every = ({ settings }: HistoryHeader): DeclaredWorkload[] => settings.workloads ?? [];

interface Goes<L extends Line> {
  workloads: readonly DeclaredWorkload[];
  lines: readonly L[];
}

/** Visits the containers of declared workloads that are not exempt from this check; the template says which there must be. */
export function eachContainer<L extends Line>(
  history: History,
  findings: Findings,
  { workloads, lines }: Goes<L>,
  visit: (container: L) => void,
): void {
  const held = { key: ofWorkload, expected: 'the workload', missing: 'fail', strange: 'ignore' } as const;
  findings.each(byName(workloads), all(history, 'template'), held, (declared, template) => {
    const { workload, containers, initContainers } = template;
    if (containers.length === 0) findings.unknown(workload, 'the containers of its template', 'none');
    findings.each(
      [...containers, ...initContainers].map((container) => [subjectOf({ workload, container }), container]),
      lines.filter((one) => one.workload === workload),
      { key: subjectOf, expected: 'what its template says', missing: 'unknown', strange: 'ignore' },
      (container, line) => {
        if (exemption(declared, history.header.check, container) === null) visit(line);
      },
    );
  });
}

/** Whether it runs to its end before the others start, as the template of its workload says. */
export function isInit(history: History, { workload, container }: Line): boolean {
  return all(history, 'template').some(
    (one) => one.workload === workload && one.initContainers.includes(container),
  );
}

export const subjectOf = ({ workload, container }: Line): string => `${workload} container ${container}`;
