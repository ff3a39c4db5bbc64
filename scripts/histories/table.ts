/** Renders the results of mutation as text. */
import type { Answer } from './hold.ts';
import { acceptedOf, differences } from './outcomes.ts';

const MOST_NAMED = 20;

export interface MutationReport {
  answers: readonly Answer[];
  /** Built checks without a stored history. */
  missing: readonly string[];
  folder: string;
}

export function reportText(report: MutationReport): string {
  const suites = Map.groupBy(report.answers, ({ check }) => check.split('/', 1)[0] ?? check);
  const lines = [
    ...[...suites, ...(suites.size > 1 ? [['all', report.answers] as const] : [])].map(([suite, of]) =>
      sumText(suite, of),
    ),
    ...problemsOf(report).map((problem) => `✗ ${problem}`),
  ];
  return `${lines.join('\n')}\n`;
}

function sumText(suite: string, answers: readonly Answer[]): string {
  const sum = (of: (answer: Answer) => number): number =>
    answers.reduce((total, answer) => total + of(answer), 0);
  const [mutants, passing] = [sum((of) => of.mutants), sum((of) => of.passing)];
  const seconds = (sum((of) => of.tookMs) / 1000).toFixed(1);
  return `${suite}: ${answers.length} checks, ${mutants} mutants, ${mutants - passing} noticed, ${passing} passing, ${sum((of) => of.told)} tales, in ${seconds} s`;
}

/** The problems that fail the run; empty if there are none. */
export function problemsOf({ answers, missing, folder }: MutationReport): string[] {
  const named = missing.slice(0, MOST_NAMED).join(', ');
  return [
    ...(missing.length > 0
      ? [
          `${missing.length} built checks have no stored history: ${named}${missing.length > MOST_NAMED ? ', …' : ''}`,
        ]
      : []),
    ...answers.flatMap((answer) =>
      problemsIn(answer, folder).map((problem) => `${answer.check}: ${problem}`),
    ),
  ];
}

function problemsIn({ check, refused, outcomes, wrong }: Answer, folder: string): string[] {
  if (refused !== null) return [`its unchanged stored history does not pass: ${refused}`];
  const differing = differences(outcomes, acceptedOf(check, folder));
  return [
    ...wrong,
    ...differing.slice(0, MOST_NAMED),
    ...(differing.length > MOST_NAMED ? [`… and ${differing.length - MOST_NAMED} more`] : []),
    ...(differing.length === 0
      ? []
      : [
          `its outcomes are not those that were accepted: look at each, then npm run histories -- accept --check ${check}`,
        ]),
  ];
}
