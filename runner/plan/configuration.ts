import { existsSync } from 'node:fs';
import type { CatalogueRow, PlannedCheck } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import { sourcesNamed } from '../../env/named-sources.ts';
import { STORES } from '../../env/schema.ts';
import type { Environment, StoreName } from '../../env/schema.ts';
import { requirementsOf } from '../../suites/catalogue/requirements.ts';
import { settingsFor } from '../../suites/catalogue/plan/settings.ts';
import type { Scope } from '../../reports/record/verdict.ts';
import { lockMode } from './environment-parts.ts';

/** Parts of an environment file in which variables and files are named. */
const SECTIONS = [
  'cluster',
  'stores',
  'application',
  'ai',
  'prometheus',
  'telemetry',
  'topology.edge',
  'topology.certificates',
] as const;
type Section = (typeof SECTIONS)[number];

interface Missing {
  variables: Set<string>;
  /** Path → where the environment file names it. */
  files: Map<string, string>;
  /** Variables that should hold a path, by where the environment file names them. */
  pathless: Map<string, string>;
}

/**
 * Refuses an environment that could not be queried, before anything begins: the files and variables that it names and that this run needs
 * must exist. An embedded environment has its own.
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
  requireSources(environment, neededFor(environment, running, scope));
}

/**
 * Whether a run of these checks needs what the file names at a path: a selection what its checks ask; a profile the rest as well, but for what
 * only serves to trust a server. A run that disturbs asks every store at its end.
 */
export function neededFor(
  environment: Environment,
  running: readonly Pick<PlannedCheck, 'row'>[],
  scope: Scope,
): (path: string) => boolean {
  const sections = sectionsAsked(environment, running);
  const asked = (path: string): boolean => sections.some((section) => path.startsWith(`${section}.`));
  if (scope === 'selection') return asked;
  const disturbs = running.some((one) => lockMode(one, environment) === 'exclusive');
  return (path) => asked(path) || !isAuthority(path) || (disturbs && path.startsWith('stores.'));
}

/** An authority of a store, of the edge or of a declared certificate: the latter parts name nothing else. */
function isAuthority(path: string): boolean {
  return path.startsWith('topology.') || (path.startsWith('stores.') && path.endsWith('.ca'));
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
  requireSources(environment, (path) => path.startsWith('cluster.'));
}

function requireSources(environment: Environment, isNeeded: (path: string) => boolean): void {
  const missing: Missing = { variables: new Set(), files: new Map(), pathless: new Map() };
  for (const { path, source } of sourcesNamed(environment)) {
    if (!isNeeded(path)) continue;
    if ('env' in source) noteVariable(source.env, path, missing);
    if ('file' in source) noteFile(source.file, path, missing);
  }
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
    ...(asksApplication(row) ? (['application', 'topology.edge'] as const) : []),
    ...(given.certificates === undefined ? [] : (['topology.certificates'] as const)),
  ]);
}

/** It sends requests of the application. */
function asksApplication(row: CatalogueRow): boolean {
  return requirementsOf(row).some(({ what }) => what === 'application');
}

/** Of a variable the value is never said: one that should hold the path of a kubeconfig may hold the kubeconfig. */
function noteVariable(name: string, path: string, { variables, pathless }: Missing): void {
  const value = process.env[name] ?? '';
  if (value === '') variables.add(name);
  else if (path.endsWith('.kubeconfig') && !existsSync(value)) pathless.set(name, path);
}

function noteFile(file: string, path: string, { files }: Missing): void {
  if (!existsSync(file)) files.set(file, path);
}

function sentenceOf({ variables, files, pathless }: Missing): string | null {
  const names = [...variables];
  const parts = [
    ...[...files].map(([file, path]) => `the file ${file} (${path}) does not exist`),
    ...[...pathless].map(
      ([name, path]) =>
        `the environment variable ${name} (${path}) holds no path of an existing file: it must hold the path, not the kubeconfig itself`,
    ),
  ];
  if (names.length === 1) parts.unshift(`the environment variable ${names.join()} is not set`);
  if (names.length > 1) {
    const last = names.pop() ?? '';
    parts.unshift(`the environment variables ${names.join(', ')} and ${last} are not set`);
  }
  return parts.length === 0 ? null : parts.join(', and ');
}
