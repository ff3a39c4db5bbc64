import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { choose } from './choose.ts';
import type { Chosen } from './choose.ts';
import { CommandError, EnvironmentError, EXIT } from './errors.ts';
import type { Problem } from './errors.ts';
import { problemsOf } from './issues.ts';
import type { InstanceName } from './local/nodes/addressing.ts';
import { stateDir } from './local/paths.ts';
import { readStamp } from './local/stamp.ts';
import { keysOf } from './known-keys.ts';
import { readObjectives, resolveObjectives } from './objectives/index.ts';
import { referenceProblems } from './references.ts';
import { DEFAULT_TIMEOUTS, environmentFile } from './schema.ts';
import type { Environment, EnvironmentFile, Size, Telemetry, Trust } from './schema.ts';
import { closest } from './suggest.ts';
import { parseYaml } from './yaml-source.ts';
import type { YamlSource } from './yaml-source.ts';

export interface LoadOptions {
  /** Root of the checkout; its folder `env` holds the named environments. Default: the one that this file is in. */
  checkoutDir?: string | undefined;
  /**
   * Stores and parts to keep of those that the file declares; all when left out. `raised`: in an embedded environment those that it was
   * raised with (before it was ever raised: those that it would be), elsewhere all.
   */
  with?: readonly string[] | 'raised' | undefined;
  /**
   * Embedded environments only: instead of the size in the file. `raised`: the size that its stamp says it was raised with; elsewhere nothing.
   */
  size?: Size | 'raised' | undefined;
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

async function readEnvironment(
  nameOrPath: string,
  checkoutDir: string,
): Promise<{ file: string; text: string }> {
  const isPath = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath);
  const file = isPath ? path.resolve(nameOrPath) : path.join(checkoutDir, 'env', `${nameOrPath}.yaml`);
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

/** A path as people type it: relative to the working folder where that is shorter. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}

/** An environment file as its schema has it, and where in its text each part of it stands. */
interface ParsedFile {
  data: EnvironmentFile;
  source: YamlSource;
}

/**
 * Checks the text of an environment file.
 * @throws EnvironmentError with every problem found; references are only looked at once the shape is right
 */
export function parseEnvironment(text: string, file: string): ParsedFile {
  const source = parseYaml(text, file);
  if (source.problems.length > 0) throw new EnvironmentError(source.problems);
  const parsed = environmentFile.safeParse(source.value);
  if (!parsed.success) {
    throw new EnvironmentError(
      problemsOf(parsed.error, { file, source, knownKeys: keysOf(environmentFile) }),
    );
  }
  const problems = referenceProblems(parsed.data, file, source);
  if (problems.length > 0) throw new EnvironmentError(problems);
  return { data: parsed.data, source };
}

function applySize(data: EnvironmentFile, asked: LoadOptions['size']): EnvironmentFile {
  const size = asked === 'raised' ? sizeRaised(data) : asked;
  if (!('embedded' in data.cluster)) {
    if (size === undefined) return data;
    throw new CommandError(`${data.name} has no size: only an embedded environment has`, EXIT.usage);
  }
  const wanted = size ?? data.cluster.size;
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
  return { ...data, cluster: { ...data.cluster, size: wanted }, topology };
}

/** What was raised and not removed has the size that it has, whatever its file says. */
function sizeRaised({ cluster }: EnvironmentFile): Size | undefined {
  return 'embedded' in cluster ? readStamp(cluster.embedded)?.size : undefined;
}

/** `$STATE` at the start of a path, filled in for embedded environments. */
function locateTrust<T extends { trust?: Trust | undefined }>(item: T, instance: InstanceName | null): T {
  if (instance === null || typeof item.trust !== 'object' || !item.trust.file.startsWith('$STATE/'))
    return item;
  return { ...item, trust: { file: path.join(stateDir(instance), item.trust.file.slice('$STATE/'.length)) } };
}

const SOURCES = ['logs', 'traces', 'alerts', 'dashboards', 'otlp', 'pushgateway'] as const;

function locateTelemetry(telemetry: Telemetry, instance: InstanceName | null): Telemetry {
  const located = SOURCES.flatMap((name) => {
    const source = telemetry[name];
    return source === undefined ? [] : [[name, locateTrust(source, instance)] as const];
  });
  return { ...telemetry, ...(Object.fromEntries(located) as Partial<Telemetry>) };
}

function locateFiles(data: Chosen): Chosen {
  const instance = 'embedded' in data.cluster ? data.cluster.embedded : null;
  const { certificates, edge } = data.topology;
  const { prometheus, telemetry } = data;
  return {
    ...data,
    ...(telemetry !== undefined && { telemetry: locateTelemetry(telemetry, instance) }),
    ...(prometheus !== undefined && { prometheus: locateTrust(prometheus, instance) }),
    topology: {
      ...data.topology,
      certificates: certificates.map((certificate) => locateTrust(certificate, instance)),
      ...(edge !== undefined && { edge: locateTrust(edge, instance) }),
    },
  };
}

type Completing = Pick<Environment, 'file' | 'objectives'>;

function complete(data: Chosen, { file, objectives }: Completing): Environment {
  const { sizes: _sizes, timeouts, ...rest } = locateFiles(data);
  return { ...rest, timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts }, objectives, file };
}

/** The documents are read only where the environment names some: they are checked with it. */
async function objectivesOf(
  { data, source }: ParsedFile,
  file: string,
  checkoutDir: string,
): Promise<Environment['objectives']> {
  if (data.objectives.length === 0) return [];
  const documents = await readObjectives(path.join(checkoutDir, 'env', 'objectives'));
  return resolveObjectives(data.objectives, documents, { file: shown(file), source, kind: data.kind });
}

function nameProblem({ data, source }: ParsedFile, file: string): Problem | null {
  const expected = path.basename(file).replace(/\.ya?ml$/, '');
  if (data.name === expected) return null;
  const message = 'the name differs from the name of the file';
  const place = source.locate(['name']);
  return { file: shown(file), ...place, path: 'name', found: `"${data.name}"`, allowed: expected, message };
}

/**
 * Reads an environment by its name (`env/<name>.yaml`) or by the path of its file, checks it and completes it.
 * @throws CommandError (64) when there is no such environment, size or store
 * @throws EnvironmentError (64) when the file is not as it should be
 */
export async function loadEnvironment(nameOrPath: string, options: LoadOptions = {}): Promise<Environment> {
  const { file, text } = await readEnvironment(nameOrPath, options.checkoutDir ?? CHECKOUT);
  const parsed = parseEnvironment(text, shown(file));
  const misnamed = nameProblem(parsed, file);
  if (misnamed !== null) throw new EnvironmentError([misnamed]);
  const objectives = await objectivesOf(parsed, file, options.checkoutDir ?? CHECKOUT);
  return complete(choose(applySize(parsed.data, options.size), options.with), { file, objectives });
}
