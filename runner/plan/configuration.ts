import { existsSync } from 'node:fs';
import type { CatalogueRow, PlannedCheck } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import { STORES } from '../../env/schema.ts';
import type { Environment, StoreName } from '../../env/schema.ts';
import { requirementsOf } from '../../suites/catalogue/requirements.ts';
import { settingsFor } from '../../suites/catalogue/plan/settings.ts';
import type { Scope } from '../../reports/record/verdict.ts';

/** Sections of an environment file in which variables and files are named. */
const SECTIONS = ['cluster', 'stores', 'application', 'ai', 'prometheus', 'telemetry'] as const;
type Section = (typeof SECTIONS)[number];

/** Keys behind which a file or an environment variable may be named. */
const NAMED = new Set([
  'kubeconfig',
  'password',
  'token',
  'apiKey',
  'trust',
  'bearer',
  'clientSecret',
  'certificate',
  'key',
]);
/** Below it each key is the name of a header whose value is secret. */
const HEADERS = 'application.credentials.headers';

interface Missing {
  variables: Set<string>;
  /** Path → where the environment file names it. */
  files: Map<string, string>;
}

/**
 * Refuses an environment that could not be queried, before anything begins: the files and variables that it names must exist. For a
 * selection only those that its checks use; an embedded environment has its own.
 * @throws CommandError (64) with one sentence
 */
export function requireConfiguration(
  environment: Environment,
  planned: readonly PlannedCheck[],
  scope: Scope,
): void {
  if (traitsOf(environment).ownedByUs) return;
  const running = planned.filter(({ notRun }) => notRun === null);
  if (running.length === 0) return;
  requireSections(environment, scope === 'profile' ? SECTIONS : sectionsAsked(environment, running));
}

/** The sections that these checks use. */
export function sectionsAsked(
  environment: Environment,
  running: readonly Pick<PlannedCheck, 'row'>[],
): Section[] {
  const asked = running.map(({ row }) => asks(row, environment));
  return SECTIONS.filter((section) => asked.some((one) => one.has(section)));
}

/** The declared stores that these checks ask: the one that a check hits, or all. */
export function storesAsked(
  environment: Environment,
  running: readonly Pick<PlannedCheck, 'row'>[],
): StoreName[] {
  const declared = STORES.filter((store) => environment.stores[store] !== undefined);
  const everyOne = running.some(({ row }) => row.asksStores === true || row.parts.includes('ai'));
  return declared.filter((store) => everyOne || running.some(({ row }) => row.injects?.store === store));
}

/** What is needed to reach the cluster at all. @throws CommandError (64) with one sentence */
export function requireKubeconfig(environment: Environment): void {
  requireSections(environment, ['cluster']);
}

function requireSections(environment: Environment, sections: readonly Section[]): void {
  const missing: Missing = { variables: new Set(), files: new Map() };
  for (const section of sections) look(environment[section], section, missing);
  const said = sentenceOf(missing);
  if (said === null) return;
  throw new CommandError(`${environment.name} cannot be asked: ${said}`, EXIT.usage);
}

/** The sections that a check uses, by its settings and its fault. */
function asks(row: CatalogueRow, environment: Environment): Set<Section> {
  const given = settingsFor(row.id, environment);
  const stores = row.injects !== undefined || row.parts.includes('ai') || row.asksStores === true;
  const sections: Section[] = (['ai', 'prometheus', 'telemetry'] as const).filter(
    (section) => given[section] !== undefined,
  );
  return new Set<Section>([
    'cluster',
    ...sections,
    ...(stores ? (['stores'] as const) : []),
    ...(asksApplication(row) ? (['application'] as const) : []),
  ]);
}

/** It sends requests of the application. */
function asksApplication(row: CatalogueRow): boolean {
  return requirementsOf(row).some(({ what }) => what === 'application');
}

function look(value: unknown, path: string, missing: Missing): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (NAMED.has(key) || path === HEADERS) note(inner, `${path}.${key}`, missing);
    look(inner, `${path}.${key}`, missing);
  }
}

function note(source: unknown, path: string, missing: Missing): void {
  if (typeof source !== 'object' || source === null) return;
  if ('env' in source && typeof source.env === 'string') noteVariable(source.env, path, missing);
  if ('file' in source && typeof source.file === 'string') noteFile(source.file, path, missing);
}

function noteVariable(name: string, path: string, missing: Missing): void {
  const value = process.env[name] ?? '';
  if (value === '') missing.variables.add(name);
  else if (path.endsWith('.kubeconfig')) noteFile(value, path, missing); // it holds a path
}

function noteFile(file: string, path: string, { files }: Missing): void {
  if (!existsSync(file)) files.set(file, path);
}

function sentenceOf({ variables, files }: Missing): string | null {
  const names = [...variables];
  const parts = [...files].map(([file, path]) => `the file ${file} (${path}) does not exist`);
  if (names.length === 1) parts.unshift(`the environment variable ${names.join()} is not set`);
  if (names.length > 1) {
    const last = names.pop() ?? '';
    parts.unshift(`the environment variables ${names.join(', ')} and ${last} are not set`);
  }
  return parts.length === 0 ? null : parts.join(', and ');
}
