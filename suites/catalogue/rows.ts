import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../../host/load-module.ts';
import type { PartName } from '../../env/schema.ts';
import { keepPodFields } from '../../probes/kubernetes/cache/trim.ts';
import { addKinds } from '../../reports/record/observations/index.ts';
import type { KindSchemas } from '../../reports/record/observations/kinds.ts';
import type { CheckJudge } from '../../reports/judge/definition.ts';
import { closest } from '../../env/suggest.ts';
import { globMatcher } from '../../env/globs.ts';
import type { CheckBody } from '../harness/context.ts';
import type { Control } from '../harness/control.ts';
import { row } from './row.ts';
import type { CatalogueRow } from './types.ts';

const SUITES = path.join(import.meta.dirname, '..');
/** Files that declare checks: a built check in its folder, and all planned ones. */
const DECLARATIONS = ['definition.ts', 'planned.ts'];

const moduleSchema = z.object({ checks: z.custom<readonly CatalogueRow[]>(Array.isArray) });

const observeSchema = z.object({ observe: z.custom<CheckBody>((value) => typeof value === 'function') });
const judgeSchema = z.object({
  judge: z.custom<CheckJudge>((value) => z.looseObject({}).safeParse(value).success),
});
const controlsSchema = z.object({ controls: z.array(z.custom<Control>()).min(1) });
const observationsSchema = z.object({
  OBSERVES: z.custom<KindSchemas>((value) => z.looseObject({}).safeParse(value).success),
});

type Part = 'observe' | 'judge' | 'controls';

/** What the files of a check's folder export under their own names, each loaded when it is called. */
function partsIn(folder: string): Pick<CatalogueRow, Part> {
  const fileOf = (part: Part): string => path.join(folder, `${part}.ts`);
  const load = <T>(part: Part, schema: z.ZodType<T>): Promise<T> =>
    loadModule(fileOf(part), schema, `\`${part}\``);
  return {
    ...(existsSync(fileOf('observe')) && {
      observe: async () => (await load('observe', observeSchema)).observe,
    }),
    ...(existsSync(fileOf('judge')) && { judge: async () => (await load('judge', judgeSchema)).judge }),
    ...(existsSync(fileOf('controls')) && {
      controls: async () => (await load('controls', controlsSchema)).controls,
    }),
  };
}

/** Kinds of observation that the checks of a folder alone record, from its `observations.ts`. */
async function kindsIn(folder: string): Promise<KindSchemas> {
  const file = path.join(folder, 'observations.ts');
  return existsSync(file) ? (await loadModule(file, observationsSchema, '`OBSERVES`')).OBSERVES : {};
}

async function rowsIn(file: string): Promise<readonly CatalogueRow[]> {
  const { checks } = await loadModule(path.join(SUITES, file), moduleSchema, 'list of `checks`');
  const folder = path.join(SUITES, path.dirname(file));
  const parts = partsIn(folder);
  const observes = await kindsIn(folder);
  return checks.map((one) => ({
    ...parts,
    ...one,
    observes,
    built: (one.observe ?? parts.observe) !== undefined,
  }));
}

const FILES = readdirSync(SUITES, { recursive: true, encoding: 'utf8' }).filter((file) =>
  DECLARATIONS.includes(path.basename(file)),
);
const ROWS = (await Promise.all(FILES.toSorted().map(rowsIn))).flat().toSorted((a, b) => a.order - b.order);
for (const { observes, podFields = [] } of ROWS) {
  addKinds(observes);
  keepPodFields(podFields);
}

const BY_ID: ReadonlyMap<string, CatalogueRow> = new Map(ROWS.map((one) => [one.id, one]));
if (BY_ID.size < ROWS.length) {
  const twice = ROWS.find((one) => BY_ID.get(one.id) !== one)?.id ?? '';
  throw new Error(`two definitions below suites/ declare ${twice}`);
}

/** Every check that Plumbline knows, built or not, in the order of the catalogue. */
export function catalogue(): readonly CatalogueRow[] {
  return ROWS;
}

export function rowOf(id: string): CatalogueRow | undefined {
  return BY_ID.get(id);
}

/** A check that was in the catalogue when a run was made and no longer is. */
export function formerRow(id: string): CatalogueRow {
  return row({ id, order: 0, title: id, section: '', access: '- - - - -', goal: '' });
}

/** The parts that a check needs; empty for one that needs stores or nothing. */
export function partsOf(id: string): readonly PartName[] {
  return rowOf(id)?.parts ?? [];
}

/** The first segment of an id. */
export function suiteOf(id: string): string {
  return id.split('/', 1)[0] ?? id;
}

export function suites(): readonly string[] {
  return [...new Set(ROWS.map((row) => suiteOf(row.id)))];
}

/** The id or suite that was probably meant, for messages. */
export function suggestCheck(text: string): string | null {
  return closest(text, [...BY_ID.keys(), ...suites().map((suite) => `${suite}/**`)]);
}

/** Ids that any of the globs matches, in the order of the catalogue, and the globs that match none. */
export function matchChecks(globs: readonly string[]): { ids: string[]; unmatched: string[] } {
  const matchers = globs.map((glob) => ({ glob, matches: globMatcher(glob) }));
  return {
    ids: ROWS.filter((row) => matchers.some(({ matches }) => matches(row.id))).map((row) => row.id),
    unmatched: matchers.filter(({ matches }) => !ROWS.some((row) => matches(row.id))).map(({ glob }) => glob),
  };
}
