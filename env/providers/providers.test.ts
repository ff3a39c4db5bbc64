/** Providers: their traits, how they are reached, and that no other code recognises one by its shape. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { emptyFolderIn, setVariable } from '../../host/_testing/variable.ts';
import { rollbackSchema } from '../../runner/safety/journal/entry-schema.ts';
import { endsWithBoot } from '../../runner/safety/undo-node.ts';
import type { NodeRollback } from '../../runner/safety/types.ts';
import type { Environment } from '../schema.ts';
import { declarationOf, ROLLBACKS, PROVIDERS, traitsOf } from './declared.ts';
import type { Cluster } from './declaring.ts';
import { everyUndo, providerOf, provisionedOf } from './index.ts';
import { BlockedError } from './provider.ts';
import type { Connecting } from './provider.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const PIN = { kubeSystemUid: '00000000-0000-4000-8000-000000000000', caSha256: '0'.repeat(64) };

const EMBEDDED: Cluster = { embedded: 'local-small', size: 'small' };
const COMPOSE: Cluster = { compose: { file: 'compose.yaml', project: 'tender' } };

/** The runner's side of a connection; `refused` is something that the file names and that does not exist. */
function connecting(cluster: Cluster, refused: string | null = null): Connecting {
  return {
    environment: { name: 'trial', cluster } as Environment,
    provision: false,
    onProgress: () => assert.fail('nothing is provisioned'),
    restoreLeftovers: () => Promise.reject(new Error('nothing is restored')),
    refuseWhileHeld: () => assert.fail('nobody is asked'),
    requireNamed: () => {
      if (refused !== null) throw new Error(refused);
    },
    signal: new AbortController().signal,
  };
}

async function reach(cluster: Cluster, refused: string | null = null) {
  return (await providerOf(cluster)).connect(cluster, connecting(cluster, refused));
}

describe('what providers say of themselves', () => {
  it('should be told by the key that has their name', () =>
    assert.deepEqual(
      [EMBEDDED, { kubeconfig: { env: 'K' }, pin: PIN }, COMPOSE].map(
        (cluster) => declarationOf(cluster).name,
      ),
      ['embedded', 'kubeconfig', 'compose'],
    ));

  it('should be found in their order, each with kinds of environment that may use it', () => {
    const orders = PROVIDERS.map(({ order }) => order);
    assert.deepEqual(
      orders,
      orders.toSorted((a, b) => a - b),
    );
    for (const { name, environmentKinds } of PROVIDERS) assert.ok(environmentKinds.length > 0, name);
  });

  it('should follow from what the file declares', () => {
    const power = { off: ['a'], on: ['b'], state: ['c'], isOn: 'on', isOff: 'off' };
    const switched: Cluster = { kubeconfig: { env: 'K' }, pin: PIN, power };
    assert.deepEqual(traitsOf({ cluster: switched }), { ownedByUs: false, power, systemNamespaces: [] });
    const { ownedByUs, instance, size } = traitsOf({ cluster: EMBEDDED });
    assert.deepEqual([ownedByUs, instance, size], [true, 'local-small', 'small']);
    assert.equal(traitsOf({ cluster: COMPOSE }).notBuilt, 'no check of a Compose project is written yet');
  });

  it('should know the pin of a template from the pin of a cluster', () => {
    const isPlaceholder = (caSha256: string): boolean | undefined => {
      const of: Cluster = { kubeconfig: { env: 'K' }, pin: { ...PIN, caSha256 } };
      return declarationOf(of).pinIsPlaceholder?.(of);
    };
    assert.deepEqual([isPlaceholder(PIN.caSha256), isPlaceholder('0a'.repeat(32))], [true, false]);
  });

  it('should name no provider that there is not', () =>
    assert.throws(
      () => declarationOf({ minikube: true } as unknown as Cluster),
      /no provider of \{minikube\}; there are embedded, kubeconfig, /,
    ));
});

describe('how providers are reached', () => {
  it('should be by the path that a file or a variable names', async (context) => {
    const file = await reach({ kubeconfig: { file: '/k' }, context: 'c', pin: PIN });
    assert.deepEqual(file, { kubeconfig: '/k', context: 'c', pin: PIN, platformReady: null });
    setVariable(context, 'PLUMBLINE_TRIAL_KUBECONFIG', '/from-variable');
    const variable = await reach({ kubeconfig: { env: 'PLUMBLINE_TRIAL_KUBECONFIG' }, pin: PIN });
    assert.equal(variable.kubeconfig, '/from-variable');
  });

  it('should not be where what the file names is not there', () =>
    assert.rejects(reach({ kubeconfig: { env: 'K' }, pin: PIN }, 'K is not set'), /K is not set/));

  it('should be blocked where nothing is built', () =>
    assert.rejects(reach(COMPOSE), (error: unknown) => {
      assert.ok(error instanceof BlockedError);
      assert.equal(error.message, 'trial is a Compose project; none of its checks is written yet');
      return true;
    }));

  it('should take an embedded environment as it is, and ask for one that is up', async (context) => {
    const state = emptyFolderIn(context, 'PLUMBLINE_STATE');
    await assert.rejects(reach(EMBEDDED), {
      exitCode: 64,
      message: 'local-small is not up: `plumbline env up --env trial` provisions it',
    });
    assert.equal((await provisionedOf(EMBEDDED))?.folder(), path.join(state, 'local-small'));
    assert.equal((await provisionedOf(EMBEDDED))?.size(), undefined);
    assert.equal(await provisionedOf(COMPOSE), undefined);
  });
});

describe('what only a provider can undo', () => {
  it('should have somebody who undoes it', async () =>
    assert.deepEqual(Object.keys(await everyUndo()).sort(), ROLLBACKS.map(({ kind }) => kind).sort()));

  it('should be read from a journal as it was written, and not when it lacks something', () => {
    const cut: NodeRollback = { kind: 'link-up', instance: 'local', link: 'pl-w1' };
    assert.deepEqual(rollbackSchema.parse(cut), cut);
    assert.equal(rollbackSchema.safeParse({ kind: 'link-up', instance: 'local' }).success, false);
    assert.equal(rollbackSchema.safeParse({ ...cut, instance: 'elsewhere' }).success, false);
  });

  it('should end with the machine where the kernel forgets it', () => {
    assert.equal(endsWithBoot({ kind: 'link-up', instance: 'local', link: 'pl-w1' }), true);
    assert.equal(endsWithBoot({ kind: 'api-servers', instance: 'local', before: [] }), false);
  });
});

describe('who knows providers', () => {
  const names = PROVIDERS.map(({ name }) => name).join('|');
  /** `'compose' in cluster`, `environment.cluster.compose`. */
  const byShape = new RegExp(`(['"\`])(${names})\\1 in\\b|\\.cluster\\??\\.(${names})\\b`);

  it('should be nobody by their shape: what follows from it is in their traits', () => {
    const files = globSync('{cli,env,faults,host,load,probes,reports,runner,scripts,suites}/**/*.ts', {
      cwd: ROOT,
    }).filter((file) => !file.startsWith('env/providers/') && !/\.test\.ts$|_testing\//.test(file));
    assert.ok(files.length > 1000, `${String(files.length)} files`);
    assert.deepEqual(
      files.filter((file) => byShape.test(readFileSync(path.join(ROOT, file), 'utf8'))),
      [],
    );
    assert.match("if ('compose' in cluster)", byShape);
  });

  it('should load what provisions an embedded environment for nobody who only lists checks', () => {
    const folder = tempFolder();
    const hook = path.join(folder, 'loaded.mjs');
    writeFileSync(
      hook,
      `import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => (process.stderr.write(\`loaded \${url}\\n\`), next(url, context)) });`,
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', hook, 'cli/plumbline.mjs', 'list', '--env', 'local-small'],
      { cwd: ROOT, encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /loaded .*\/env\/providers\/embedded\/index\.ts/);
    assert.doesNotMatch(stderr, /loaded .*\/env\/local\/(index\.ts|cluster\/|platform\/|images\/)/);
  });
});
