import type { History, HistoryHeader } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { nameOf } from '../../record/names/topology-names.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { all } from '../observed.ts';
import { exemption } from './declared.ts';
import type { DeclaredWorkload } from './declared.ts';
import type { Findings } from './findings.ts';

/** What every kind of container line has. */
interface Line {
  workload: string;
  container: string;
  init?: boolean;
}

export const ofWorkload = {
  of: ({ workload }: { workload: string }): string => workload,
  absent: 'fail',
} as const;

/** The template of each workload. */
export function templates(subjects: readonly string[]): AnyNeed {
  return need('template', { subjects, ...ofWorkload });
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
  visit: (workload: DeclaredWorkload, container: L) => void,
): void {
  for (const workload of workloads) {
    const name = nameOf(workload);
    const template = all(history, 'template').find((one) => one.workload === name);
    if (template === undefined) findings.absent(name, 'the workload');
    const own = lines.filter((one) => one.workload === name);
    if (template !== undefined) counted(findings, template, own);
    for (const line of own)
      if (exemption(workload, history.header.check, line.container) === null) visit(workload, line);
  }
}

/** A line for each container of the template, and for no other. */
function counted(findings: Findings, template: Seen<'template'>, own: readonly Line[]): void {
  const { workload, containers, initContainers, count } = template;
  const names = (of: readonly Line[]): string[] => of.map(({ container }) => container);
  findings.eachOnce(`containers of ${workload}`, [...containers, ...initContainers], names(own));
  findings.agree(`containers of ${workload}`, count, own.length);
  if (own.some(({ init }) => init === undefined)) return;
  findings.eachOnce(
    `init containers of ${workload}`,
    initContainers,
    names(own.filter(({ init }) => init === true)),
  );
}

export const subjectOf = ({ workload, container }: Line): string => `${workload} container ${container}`;
