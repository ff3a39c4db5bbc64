import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { choose } from './choose.ts';
import type { Chosen } from './choose.ts';
import { CommandError, EXIT } from '../host/errors.ts';
import { EnvironmentError } from './errors.ts';
import type { Problem } from './errors.ts';
import { problemsOf } from './issues.ts';
import { keysOf } from './known-keys.ts';
import { readTemplates, resolveObjectives } from './objectives/index.ts';
import { declarationOf, namesOf, traitsOf } from './providers/declared.ts';
import type { Provisioned, ProvisionedOf } from './provisioned.ts';
import { referenceProblems } from './references.ts';
import type { Look } from './references.ts';
import { DEFAULT_TIMEOUTS, environmentFile } from './schema.ts';
import type { Environment, EnvironmentFile, Size } from './schema.ts';
import { shown } from './shown.ts';
import { closest } from './suggest.ts';
import { readLayers } from './layers.ts';
import type { YamlSource } from './yaml-source.ts';

export interface LoadOptions {
  /** Root of the checkout; its folder `env` holds the named environments. Default: the one that this file is in. */
  checkoutDir?: string | undefined;
  /**
   * Stores and parts of the file to keep; default: all. `provisioned`: in an embedded environment those that it was provisioned with
   * (or would be, if it never was), elsewhere all.
   */
  with?: readonly string[] | 'provisioned' | undefined;
  /** Embedded environments only: overrides the size in the file. `provisioned`: the size in its stamp; ignored elsewhere. */
  size?: Size | 'provisioned' | undefined;
  /** For a run that may make and change nothing, whatever the file permits. */
  readOnly?: boolean | undefined;
  /** State of environments that this machine provisions; without it, `provisioned` means what the file says. */
  provisioned?: ProvisionedOf | undefined;
  /** Checks references to names that are unknown here, such as ids of checks. */
  look?: Look | undefined;
  /** Called with the text of the file, as it was read. */
  onText?: ((text: string) => void) | undefined;
}

const CHECKOUT = path.dirname(import.meta.dirname);

/** Names of the environments of a checkout, in alphabetical order. */
export async function environmentNames(checkoutDir: string = CHECKOUT): Promise<string[]> {
  const entries = await readdir(path.join(checkoutDir, 'env'));
  return entries
    .filter((entry) => entry.endsWith('.yaml'))
    .map((entry) => entry.slice(0, -'.yaml'.length))
    .sort();
}

/** The file of a named environment. */
function fileOf(name: string, checkoutDir: string): string {
  return path.join(checkoutDir, 'env', `${name}.yaml`);
}

async function readEnvironment(
  nameOrPath: string,
  checkoutDir: string,
): Promise<{ file: string; text: string }> {
  const isPath = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath);
  const file = isPath ? path.resolve(nameOrPath) : fileOf(nameOrPath, checkoutDir);
  try {
    return { file, text: await readFile(file, 'utf8') };
  } catch (error) {
    const names = await environmentNames(checkoutDir).catch(() => []);
    const meant = isPath ? null : closest(nameOrPath, names);
    const hint = meant === null ? '' : ` (did you mean "${meant}"?)`;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new CommandError(
      `no environment "${nameOrPath}"${hint}: ${file}: ${reason}; environments here: ${names.join(', ') || 'none'}`,
      EXIT.usage,
      { cause: error },
    );
  }
}

/** An environment file as its schema has it, and where in its text each part of it stands. */
interface ParsedFile {
  data: EnvironmentFile;
  source: YamlSource;
  /** The files that it extends. */
  extended: readonly string[];
}

/**
 * Checks the text of an environment file.
 * @param look see LoadOptions
 * @throws EnvironmentError with every problem found; references are checked only once the shape is valid
 */
export function parseEnvironment(text: string, file: string, look?: Look): ParsedFile {
  const { source, extended } = readLayers(text, file);
  const parsed = environmentFile.safeParse(source.value);
  if (!parsed.success) {
    throw new EnvironmentError(problemsOf(parsed.error, { source, knownKeys: keysOf(environmentFile) }));
  }
  const problems = referenceProblems(parsed.data, { source, more: look });
  if (problems.length > 0) throw new EnvironmentError(problems);
  return { data: parsed.data, source, extended };
}

function applySize(
  data: EnvironmentFile,
  asked: LoadOptions['size'],
  provisioned: Provisioned | undefined,
): EnvironmentFile {
  const { cluster } = data;
  const provider = declarationOf(cluster);
  const size = asked === 'provisioned' ? provisioned?.size() : asked;
  const wanted = size ?? traitsOf(data).size;
  if (wanted === undefined) return data;
  if (provider.resized === undefined) {
    const sized = namesOf((one) => one.resized !== undefined, ' or ');
    throw new CommandError(`${data.name} has no size: only an ${sized} environment has one`, EXIT.usage);
  }
  const overlay = data.sizes?.[wanted];
  const { controlPlane } = data.topology;
  const topology =
    overlay === undefined || controlPlane === undefined
      ? data.topology
      : {
          ...data.topology,
          controlPlane: { ...controlPlane, ...overlay.controlPlane },
          pools: overlay.pools,
        };
  return { ...data, cluster: provider.resized(cluster, wanted), topology };
}

const STATE = '$STATE/';

/** The same with `$STATE` at the start of each `file` filled in; as it is where nothing is provisioned here. */
function locateFiles<T>(node: T, folder: string | undefined): T {
  if (folder === undefined || typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((item: unknown) => locateFiles(item, folder)) as T;
  const located = Object.entries(node).map(([key, value]): [string, unknown] =>
    key === 'file' && typeof value === 'string' && value.startsWith(STATE)
      ? [key, path.join(folder, value.slice(STATE.length))]
      : [key, locateFiles(value as unknown, folder)],
  );
  return Object.fromEntries(located) as T;
}

type Completing = Pick<Environment, 'file' | 'envOption' | 'extended' | 'objectives'> & {
  provisioned: Provisioned | undefined;
};

function complete(data: Chosen, { provisioned, objectives, ...more }: Completing): Environment {
  const { sizes: _sizes, timeouts, ...rest } = locateFiles(data, provisioned?.folder());
  // A service that is left out has nobody who could keep its objectives.
  const gone = (data.workloadsLeftOut ?? []).map((workload) => workload.split('/').at(-1));
  const kept = objectives.filter(({ service }) => !gone.includes(service));
  return { ...rest, timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts }, objectives: kept, ...more };
}

/** Reads and checks the templates only if the environment states objectives. */
function objectivesOf({ data, source }: ParsedFile, checkoutDir: string): Environment['objectives'] {
  if (data.objectives.length === 0) return [];
  const { kind, prometheus } = data;
  const context = { source, kind, scrapeSeconds: prometheus?.scrapeSeconds };
  return resolveObjectives(data.objectives, readTemplates(checkoutDir), context);
}

function nameProblem({ data, source }: ParsedFile, file: string): Problem | null {
  const expected = path.basename(file).replace(/\.ya?ml$/, '');
  if (data.name === expected) return null;
  const message = 'the name differs from the name of the file';
  const place = source.locate(['name']);
  return { ...place, path: 'name', found: `"${data.name}"`, allowed: expected, message };
}

/**
 * Reads an environment by its name (`env/<name>.yaml`) or by the path of its file, checks it and completes it.
 * @throws CommandError (64) when there is no such environment, size or store
 * @throws EnvironmentError (64) when the file is not as it should be
 */
export async function loadEnvironment(nameOrPath: string, options: LoadOptions = {}): Promise<Environment> {
  const { file, text } = await readEnvironment(nameOrPath, options.checkoutDir ?? CHECKOUT);
  options.onText?.(text);
  const parsed = parseEnvironment(text, shown(file), options.look);
  const misnamed = nameProblem(parsed, file);
  if (misnamed !== null) throw new EnvironmentError([misnamed]);
  const objectives = objectivesOf(parsed, options.checkoutDir ?? CHECKOUT);
  const provisioned = await options.provisioned?.(parsed.data.cluster);
  const chosen = choose(applySize(parsed.data, options.size, provisioned), options.with, provisioned);
  const extended = parsed.extended.map((one) => path.resolve(one));
  const { name } = parsed.data;
  const envOption = file === fileOf(name, options.checkoutDir ?? CHECKOUT) ? name : shown(file);
  return {
    ...complete(chosen, { file, envOption, extended, objectives, provisioned }),
    ...(options.readOnly === true && { readOnly: true }),
  };
}
