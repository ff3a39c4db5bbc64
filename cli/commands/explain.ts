import type { Command } from 'commander';
import { resolveGoals, rowOf, suggestCheck, whyNotRun } from '../../suites/catalogue/index.ts';
import type { CatalogueRow } from '../../suites/catalogue/index.ts';
import { rightLines, rightsOf } from '../../suites/catalogue/rights.ts';
import { controlsInWords } from '../../suites/catalogue/loaded.ts';
import { standInsIn } from '../../suites/catalogue/plan/stand-ins.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import type { Context } from '../context.ts';

const ACCESS: Record<string, string> = {
  r: 'reads only',
  w: 'writes canary data of its own',
  F: 'injects faults',
  permit: 'would inject faults: not permitted, a file of kind production holds no permits',
  none: 'does not apply',
};

function known(check: string): CatalogueRow {
  const row = rowOf(check);
  if (row !== undefined) return row;
  const meant = suggestCheck(check);
  const hint = meant === null ? '' : ` (did you mean "${meant}"?)`;
  throw new CommandError(`no check is called "${check}"${hint}; \`plumbline list\` shows all`, EXIT.usage);
}

function goalsText(goals: Record<string, unknown>): string {
  const entries = Object.entries(goals);
  return entries.length === 0
    ? 'no values'
    : entries.map(([name, value]) => `${name} ${String(value)}`).join(', ');
}

/** Default values; where there are none there is nothing to confirm. */
function defaultsText(goals: Record<string, unknown>): string {
  const assumed = Object.keys(goals).length === 0 ? '' : ' (assumed until an owner confirms them)';
  return `${goalsText(goals)}${assumed}`;
}

/** What the API server must allow; in the embedded environment Plumbline's account may do everything. */
function rightsText(row: CatalogueRow): string[] {
  if (!row.built) return [];
  if (row.touches.embeddedOnly === true)
    return ['rights     more than other environments grant: the check runs only in an embedded one'];
  const lines = rightLines(rightsOf(row));
  return (lines.length === 0 ? ['only those that every run needs'] : lines).map(
    (line, index) => `${index === 0 ? 'rights   ' : '         '}  ${line}`,
  );
}

async function describe(row: CatalogueRow): Promise<string[]> {
  const standIns = standInsIn(row);
  const stubbed =
    standIns.length === 0 ? [] : [`stand-ins  ${standIns.join(', ')}, in the embedded environment`];
  const said = await controlsInWords(row);
  const controls =
    said.length === 0
      ? ['controls   none']
      : said.map(
          ({ title, verdict, size }, index) =>
            `${index === 0 ? 'controls ' : '         '}  ${title} → ${verdict}${size === 'full' ? ' (full size)' : ''}`,
        );
  const looks = row.does ?? null;
  return [
    row.id,
    `  ${row.title}`,
    '',
    `section    ${row.section} of ARCH-2025-11-005`,
    ...(looks === null ? [] : [`looks at   ${looks}`]),
    `goal       ${row.goal}`,
    `           ${defaultsText(row.goals)}`,
    ...controls,
    ...stubbed,
    ...(row.needsSize === undefined ? [] : [`size       ${row.needsSize}`]),
    ...Object.entries(row.access).map(
      ([kind, access], index) =>
        `${index === 0 ? 'access   ' : '         '}  ${kind.padEnd(12)} ${ACCESS[access] ?? access}`,
    ),
    ...rightsText(row),
    `built      ${row.built ? 'yes' : 'no: it is reported as not-run'}`,
  ];
}

async function inEnvironment(row: CatalogueRow, name: string): Promise<string[]> {
  const { openEnvironment } = await import('../../suites/catalogue/plan/open.ts');
  const environment = await openEnvironment(name, { with: 'provisioned', size: 'provisioned' });
  const { goals, source } = resolveGoals(environment, row);
  const notRun = whyNotRun(environment, row);
  return [
    '',
    `in ${environment.name}`,
    `  goal     ${goalsText(goals)}${source === 'none' ? '' : ` (${source})`}`,
    `  state    ${notRun === null ? 'runs' : `not-run: ${notRun.text}`}`,
    `  run it   npx plumbline run --env ${environment.envOption} --check ${row.id}`,
  ];
}

export function registerExplain(program: Command, context: Context): void {
  program
    .command('explain')
    .description('what a check looks at, its goal and its control')
    .argument('<check>', 'id of a check')
    .option('--env <name>', 'environment')
    .action(async (check: string, options: { env?: string }) => {
      const row = known(check);
      const here = options.env === undefined ? [] : await inEnvironment(row, options.env);
      context.out([...(await describe(row)), ...here].join('\n'));
    });
}
