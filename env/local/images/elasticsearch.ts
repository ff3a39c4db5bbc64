/** Elasticsearch from Maven Central: its jars, its transport module, and our launcher. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from './exec.ts';
import { fetchMaven, jarOf, lockText, parseMavenLock } from './fetched.ts';
import type { Artifact, FetchContext, FetchedLayer } from './fetched.ts';
import { compileJava } from './java.ts';
import type { TarEntry } from './oci/tar.ts';

const LOCK = 'elasticsearch.lock';
/** Its folder in the image: `es.path.home`. */
const HOME = 'opt/elasticsearch';
const MODULE = 'transport-netty4';
const LAUNCHER = join(import.meta.dirname, '../platform/elasticsearch/server/Server.java');

const inModule = ({ name }: Pick<Artifact, 'name'>): boolean => name === MODULE || name.startsWith('netty-');

/**
 * The needed part of the distribution's layout: the server's jars in lib, and the netty transport as a module with the
 * descriptor and the policy from its jar.
 */
export const ELASTICSEARCH_JARS: FetchedLayer = {
  kind: 'fetched',
  name: 'elasticsearch',
  describe: async () => ({ version: 1, lock: await lockText(LOCK) }),
  entries: async (context) => {
    const folder = await fetchMaven(LOCK, context);
    const artifacts = parseMavenLock(await lockText(LOCK));
    const jars = artifacts.map((artifact) => ({
      path: `${HOME}/${inModule(artifact) ? `modules/${MODULE}` : 'lib'}/${jarOf(artifact)}`,
      file: join(folder, jarOf(artifact)),
    }));
    return [...jars, ...(await moduleFiles(folder, artifacts, context))];
  },
};

/** Descriptor and policy of the module. `modulename` is removed: loaded as a Java module, it would need the server as a Java module too. */
async function moduleFiles(
  folder: string,
  artifacts: readonly Artifact[],
  context: FetchContext,
): Promise<readonly TarEntry[]> {
  const module = artifacts.find(({ name }) => name === MODULE);
  if (module === undefined) throw new Error(`${LOCK} does not name ${MODULE}`);
  const out = await mkdtemp(join(context.tempDir, 'module-'));
  await exec('python3', ['-m', 'zipfile', '-e', join(folder, jarOf(module)), out], {
    signal: context.signal,
  });
  const inside = join(out, 'META-INF/es-plugins', MODULE);
  const descriptor = join(out, 'plugin-descriptor.properties');
  const text = await readFile(join(inside, 'plugin-descriptor.properties'), 'utf8');
  await writeFile(descriptor, text.replace(/^modulename=.*\n/m, ''));
  return [
    { path: `${HOME}/modules/${MODULE}/plugin-descriptor.properties`, file: descriptor },
    {
      path: `${HOME}/modules/${MODULE}/entitlement-policy.yaml`,
      file: join(inside, 'entitlement-policy.yaml'),
    },
  ];
}

/** Our launcher, compiled against the server's jars. */
export const ELASTICSEARCH_LAUNCHER: FetchedLayer = {
  kind: 'fetched',
  name: 'elasticsearch launcher',
  describe: async () => ({
    version: 1,
    lock: await lockText(LOCK),
    compiler: await lockText('ecj.lock'),
    source: await readFile(LAUNCHER, 'utf8'),
  }),
  entries: async (context) => {
    const classes = await compileJava(LAUNCHER, await fetchMaven(LOCK, context), context);
    return [
      { path: `${HOME}/launcher/Server.class`, file: join(classes, 'Server.class') },
      // The server does not start without a folder for native libraries, but the folder may be empty.
      { path: `${HOME}/native`, dir: true },
      { path: `${HOME}/plugins`, dir: true },
    ];
  },
};
