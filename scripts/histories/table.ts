/** Renders the results of mutation as text. */
import type { Survivor } from '../../reports/mutation/take-apart.ts';
import type { Answer } from './hold.ts';

/** Maximum share of annotations among the fields of a suite. */
const ANNOTATED_SHARE = 0.15;
const MOST_NAMED = 20;

export interface MutationReport {
  answers: readonly Answer[];
  /** Built checks without a stored history. */
  missing: readonly string[];
  seed: number;
  /** Number of survivors to show. */
  survivors: number;
}

interface Row {
  suite: string;
  checks: number;
  fields: number;
  annotated: number;
  mutants: number;
  caught: number;
  survivors: number;
  untried: number;
  tookMs: number;
}

export function reportText(report: MutationReport): string {
  const rows = rowsOf(report.answers);
  const lines = [
    `seed ${report.seed}`,
    ...table(rows),
    ...survivorLines(report),
    ...warningsOf(report.answers),
    ...problemsOf(report).map((problem) => `✗ ${problem}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The problems that fail the run; empty if there are none. */
export function problemsOf({ answers, missing }: MutationReport): string[] {
  const survivors = answers.flatMap((answer) => answer.survivors);
  const wide = rowsOf(answers).filter(({ fields, annotated }) => annotated > fields * ANNOTATED_SHARE);
  const named = missing.slice(0, MOST_NAMED).join(', ');
  return [
    ...(survivors.length > 0 ? [`${survivors.length} mutants still pass`] : []),
    ...wide.map(
      ({ suite, fields, annotated }) =>
        `${suite}: ${annotated} of ${fields} fields are declared as annotations, the limit is ${percent(ANNOTATED_SHARE)}`,
    ),
    ...(missing.length > 0
      ? [
          `${missing.length} built checks have no stored history: ${named}${missing.length > MOST_NAMED ? ', …' : ''}`,
        ]
      : []),
    ...answers.flatMap(({ check, refused }) =>
      refused === null ? [] : [`${check}: its unchanged stored history does not pass: ${refused}`],
    ),
    ...answers.flatMap(({ check, lacks }) =>
      lacks.length === 0
        ? []
        : [
            `${check}: its stored history is of an older form, without ${lacks.join(', ')}: store one of a new run (npm run histories -- keep RUN)`,
          ],
    ),
    ...answers.flatMap(({ check, unknown }) =>
      unknown.map((path) => `${check}: the annotation ${path} does not name a field of its kind`),
    ),
  ];
}

function rowsOf(answers: readonly Answer[]): Row[] {
  const rows = new Map<string, Row>();
  for (const answer of answers) {
    const suite = answer.check.split('/', 1)[0] ?? answer.check;
    const row = rows.get(suite) ?? emptyRow(suite);
    rows.set(suite, sum(row, { ...answer, suite, checks: 1, survivors: answer.survivors.length }));
  }
  const all = [...rows.values()];
  return all.length < 2 ? all : [...all, all.reduce((total, row) => sum(total, row), emptyRow('all'))];
}

function emptyRow(suite: string): Row {
  return {
    suite,
    checks: 0,
    fields: 0,
    annotated: 0,
    mutants: 0,
    caught: 0,
    survivors: 0,
    untried: 0,
    tookMs: 0,
  };
}

function sum(one: Row, other: Row): Row {
  return {
    suite: one.suite,
    checks: one.checks + other.checks,
    fields: one.fields + other.fields,
    annotated: one.annotated + other.annotated,
    mutants: one.mutants + other.mutants,
    caught: one.caught + other.caught,
    survivors: one.survivors + other.survivors,
    untried: one.untried + other.untried,
    tookMs: one.tookMs + other.tookMs,
  };
}

function table(rows: readonly Row[]): string[] {
  const head = [
    'suite',
    'checks',
    'fields',
    'annotations',
    'mutants',
    'caught',
    'survivors',
    'untried',
    'time',
  ];
  const cells = rows.map((row) => [
    row.suite,
    String(row.checks),
    String(row.fields),
    `${row.annotated} (${percent(row.fields === 0 ? 0 : row.annotated / row.fields)})`,
    String(row.mutants),
    String(row.caught),
    String(row.survivors),
    String(row.untried),
    `${(row.tookMs / 1000).toFixed(1)} s`,
  ]);
  const widths = head.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...cells].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** One survivor for each check, operator and path: if a judge does not read a field, its mutants survive in every line. */
function survivorLines({ answers, survivors: most }: MutationReport): string[] {
  const groups = new Map<string, { first: Survivor; more: number }>();
  for (const survivor of answers.flatMap((answer) => answer.survivors)) {
    const key = `${survivor.check} ${survivor.path} ${survivor.operator}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: survivor, more: 0 });
    else group.more += 1;
  }
  const sorted = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const shown = sorted.slice(0, most).map(({ first, more }) => {
    const others = more === 0 ? '' : ` (and ${more} more)`;
    return `  ${first.check}  ${first.path}  ${first.operator}: ${first.before} → ${first.after}${others}`;
  });
  const left = sorted.length - shown.length;
  return [
    ...(shown.length > 0 ? ['survivors:'] : []),
    ...shown,
    ...(left > 0 ? [`  … and ${left} more sorts (--survivors N)`] : []),
  ];
}

function warningsOf(answers: readonly Answer[]): string[] {
  return answers.flatMap(({ check, unneeded }) =>
    unneeded.map((path) => `! ${check}: the annotation ${path} is not needed: every mutant of it is caught`),
  );
}
