/**
 * The page on every check, written from the catalogue.
 */
import { dirname } from 'node:path';
import { catalogue, suiteOf, suites } from '../../suites/catalogue/index.ts';
import { standInsIn } from '../../suites/catalogue/plan/stand-ins.ts';
import { requirementsOf } from '../../suites/catalogue/requirements.ts';
import { controlsInWords } from '../../suites/catalogue/loaded.ts';
import type { Access, CatalogueRow } from '../../suites/catalogue/index.ts';

const ACCESS: Readonly<Record<Access, string>> = {
  r: 'reads',
  w: 'writes canaries',
  F: 'disturbs',
  permit: 'not permitted',
  none: '–',
};

const CONTROLS = new Map(
  await Promise.all(catalogue().map(async (row) => [row.id, await controlsInWords(row)] as const)),
);

export function checksPage(): string {
  const built = catalogue().filter((row) => row.built);
  return `# Checks

Written from the definitions below \`suites/\`; do not edit this page. ${built.length} of ${catalogue().length} checks are written; the others are reported as \`not-run (not written yet)\`, so that
nobody takes them for passed. \`npx plumbline explain CHECK --env NAME\` says the same of one check, with what an environment's file changes.

What a check does in an environment depends on its kind: *reads* changes nothing; *writes canaries* creates objects and data of its own and removes them; *disturbs* injects a fault and undoes it; *not permitted*
would disturb, and a file of kind production holds no permits. Outside the embedded environment all but reading needs a permit in the environment's file. Goals are assumed until an owner confirms them. What all checks of a group share stands before the first of them, under a heading of its own.

${suites().map(suiteText).join('\n')}`;
}

function suiteText(suite: string): string {
  const rows = catalogue().filter((row) => suiteOf(row.id) === suite);
  const planned = rows.filter((row) => !row.built);
  const built = rows.filter((row) => row.built);
  const left =
    planned.length === 0
      ? ''
      : `Not built: ${planned.map(({ id, title }) => `\`${id}\` (${title})`).join('; ')}.\n`;
  const groups = Map.groupBy(built, ({ id }) => dirname(id));
  const text = [...groups].map(([group, checks]) => groupText(group, checks)).join('\n');
  return `## ${suite}\n\n${text}${built.length > 0 && left !== '' ? '\n' : ''}${left}`;
}

/** What all of them share is said once. */
function groupText(group: string, rows: readonly CatalogueRow[]): string {
  const [first = [], ...others] = rows.map((row) => factsOf(row).map(factText));
  const shared =
    others.length === 0 ? [] : first.filter((fact) => others.every((facts) => facts.includes(fact)));
  const head = shared.length === 0 ? '' : `### Each \`${group}/…\`\n\n${shared.join('\n')}\n\n`;
  return `${head}${rows.map((row) => checkText(row, shared)).join('\n')}`;
}

function checkText(row: CatalogueRow, shared: readonly string[]): string {
  const own = factsOf(row)
    .map(factText)
    .filter((fact) => !shared.includes(fact));
  return `### \`${row.id}\`\n\n${row.title}. *${row.goal}.*\n${own.length === 0 ? '' : `\n${own.join('\n')}\n`}`;
}

function factText([name, fact]: readonly [string, string]): string {
  return `- ${name}: ${fact}`;
}

function factsOf(row: CatalogueRow): (readonly [string, string])[] {
  const goals = Object.entries(row.goals).map(([name, value]) => `\`${name}: ${String(value)}\``);
  const needs = [
    ...(row.injects?.store === undefined ? [] : [`the store \`${row.injects.store}\``]),
    ...requirementsOf(row).map(({ what }) => what),
  ];
  const facts: (readonly [string, string | null])[] = [
    ['looks at', row.does ?? null],
    ['default goals', orNull(goals)],
    ['access', accessText(row)],
    ['must be declared', orNull(needs)],
    ['parts of the platform', orNull(row.parts.map((part) => `\`${part}\``))],
    ['size of an embedded environment', row.needsSize ?? null],
    ['stand-ins in the embedded environment', orNull(standInsIn(row))],
    ['negative controls', controlsText(row)],
    ['section of the architecture', row.section],
  ];
  return facts.flatMap(([name, fact]) => (fact === null ? [] : [[name, fact] as const]));
}

function orNull(words: readonly string[]): string | null {
  return words.length === 0 ? null : words.join(', ');
}

/** Kinds of environment that are treated alike stand together. */
function accessText(row: CatalogueRow): string {
  const kinds = Object.entries(row.access);
  const ways = [...new Set(kinds.map(([, access]) => access))].filter((access) => access !== 'none');
  const text = ways.map((way) => {
    const where = kinds.filter(([, access]) => access === way).map(([kind]) => kind);
    return `${ACCESS[way]} in ${where.join(', ')}`;
  });
  return text.length === 0 ? 'nowhere' : text.join('; ');
}

function controlsText({ id }: CatalogueRow): string {
  return (CONTROLS.get(id) ?? [])
    .map(({ title, verdict, size }) => `${title} → ${verdict}${size === 'full' ? ' (full size)' : ''}`)
    .join('; ');
}
