import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheDir } from '../../../host/paths.ts';
import { run } from '../../../host/run.ts';
import { linkerFlags, moduleDir } from './groups.ts';
import type { ToolGroup } from './groups.ts';
import { asError } from '../../../reports/record/error-text.ts';

/** Progress of a build: the number of compiled packages, and of all packages of the programs. */
export type BuildProgress = {
  readonly group: string;
  readonly done: number;
  readonly of: number;
  readonly message: string;
};

export type GoOptions = {
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Compile at the lowest priority: only with CPU time that nothing else needs. */
  readonly inBackground?: boolean;
};

/** A compiler or linker collects garbage only from this much memory on, MiB: more memory saves time. */
const MOST_MIB = 1500;
const MIB = 1024 ** 2;

/** GOMEMLIMIT of each compiler. There are as many compilers as cores; together they may use half of the machine's memory. */
const memoryLimit = (): string =>
  `${Math.floor(Math.min(MOST_MIB, totalmem() / MIB / 2 / availableParallelism()))}MiB`;
const LIST_DEADLINE_MS = 600_000;

/** Flags that change the compiler's output, and so are part of the key of a build. */
export const COMPILE_FLAGS: readonly string[] = [
  '-trimpath',
  '-buildvcs=false',
  '-mod=readonly',
  // One thread per compiler: there are always enough packages to keep every core busy, and threads of one compiler wait for each other.
  '-gcflags=all=-dwarf=false -c=1',
];

/** The environment of every Go command here: caches in the shared folder, and no download of another Go toolchain. */
export function goEnvironment(group: Pick<ToolGroup, 'cgo'>): NodeJS.ProcessEnv {
  const caches = join(cacheDir(), 'go');
  return {
    ...process.env,
    GOMODCACHE: join(caches, 'mod'),
    GOCACHE: join(caches, 'build'),
    GOTOOLCHAIN: 'local',
    GOFLAGS: '',
    GOWORK: 'off',
    GOGC: 'off',
    GOMEMLIMIT: memoryLimit(),
    CGO_ENABLED: group.cgo ? '1' : '0',
    CGO_CFLAGS: '-O2',
    CGO_LDFLAGS: '-O2',
  };
}

/**
 * Go's version, such as `go1.26.8`.
 * @throws Error when Go is missing.
 */
export async function goVersion(signal?: AbortSignal): Promise<string> {
  const shown = await run(['go', 'env', 'GOVERSION'], {
    timeoutMs: 30_000,
    signal,
    env: goEnvironment({ cgo: false }),
  });
  return shown.trim();
}

/**
 * Builds the programs of a group into a folder. After an interruption, packages that were compiled before are taken from
 * Go's cache. Call it with the lock of the toolchain held: two builds at once would share one folder for temporary files.
 * @throws Error with the compiler's last output; the abort reason when the signal fires.
 */
export async function goBuild(
  group: ToolGroup,
  goMod: string,
  outDir: string,
  options: GoOptions,
): Promise<void> {
  // On the disk of the cache, which has room for a build; /tmp is often small. A killed go leaves its files there, so it is emptied first.
  const scratch = join(cacheDir(), 'go', 'tmp');
  const remove = (): void => rmSync(scratch, { recursive: true, force: true });
  remove();
  mkdirSync(scratch, { recursive: true });
  try {
    // The first is for go itself, the second for its linker and for gcc.
    const env = { ...goEnvironment(group), GOTMPDIR: scratch, TMPDIR: scratch };
    await compile(group, goMod, outDir, { ...options, env });
  } finally {
    remove();
  }
}

async function compile(
  group: ToolGroup,
  goMod: string,
  outDir: string,
  options: GoOptions & Pick<SpawnOptions, 'env'>,
): Promise<void> {
  const { env } = options;
  const cwd = moduleDir(group);
  const tags = `-tags=${group.tags.join(',')}`;
  tell(options, { group: group.name, done: 0, of: 0, message: 'fetching modules' });
  const listed = await beside({ ...options, cwd, group: group.name, of: 0, tags }, () =>
    run(['go', 'list', '-mod=readonly', tags, '-deps', ...group.packages], {
      timeoutMs: LIST_DEADLINE_MS,
      signal: options.signal,
      env,
      cwd,
    }),
  );
  const of = new Set(listed.split('\n').filter((line) => line !== '')).size;
  const argv = [
    'build',
    '-v',
    ...COMPILE_FLAGS,
    tags,
    '-ldflags',
    linkerFlags(group, goMod),
    '-o',
    `${outDir}/`,
    ...group.packages,
  ];
  await spawnGo(argv, { ...options, cwd, group: group.name, of });
}

type SpawnOptions = GoOptions & {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly group: string;
  readonly of: number;
};

/**
 * Does the work, which downloads modules, and meanwhile compiles the standard library, which needs none of them: the cores would be idle
 * otherwise. Packages that are compiled when the work ends are in Go's cache.
 */
async function beside<T>(
  { onProgress: _, signal, tags, ...options }: SpawnOptions & { readonly tags: string },
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const standard = spawnGo(['build', ...COMPILE_FLAGS, tags, 'std'], { ...options, signal: either });
  // It is aborted, or fails for a reason that the build of the group reports itself.
  const ended = standard.catch(() => undefined);
  try {
    return await work();
  } finally {
    over.abort();
    await ended;
  }
}

/** Lowers the priority of the whole session: with autogroup scheduling a process's own niceness counts only within its session. */
const IN_BACKGROUND = [
  'sh',
  '-c',
  '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"',
  'sh',
];

function spawnGo(argv: readonly string[], options: SpawnOptions): Promise<void> {
  options.signal?.throwIfAborted();
  // If this process is killed, the build is killed too. Otherwise it might still write when the next build starts.
  const first = options.inBackground === true ? IN_BACKGROUND : [];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...first, 'go', ...argv], {
    env: options.env,
    cwd: options.cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    // A session of its own: a terminal's Ctrl-C reaches only this process, which then kills the whole process group.
    detached: true,
  });
  const last: string[] = [];
  let done = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    last.push(line);
    if (last.length > 40) last.shift();
    // `-v` prints the path of a package when its compilation begins. Error lines begin with # or contain a blank.
    if (!/[\s#]/.test(line)) done += 1;
    tell(options, { group: options.group, done: Math.min(done, options.of), of: options.of, message: line });
  });
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      // It did not start. kill(-0) would kill this process's own group.
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended in the meantime.
      }
    };
    options.signal?.addEventListener('abort', stop, { once: true });
    child.once('error', reject);
    child.once('close', (code) => {
      options.signal?.removeEventListener('abort', stop);
      if (options.signal?.aborted === true) reject(asError(options.signal.reason));
      else if (code === 0) resolve();
      else
        reject(
          new Error(
            `go build of the group ${options.group} failed (exit ${code ?? '?'}):\n${last.join('\n')}`,
          ),
        );
    });
  });
}

function tell(options: GoOptions, progress: BuildProgress): void {
  options.onProgress?.(progress);
}
