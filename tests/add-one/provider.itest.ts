/** A provider is added by adding its folder: docs/extend/a-provider.md, word for word. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Copy } from './copy.ts';

const PAGE = 'docs/extend/a-provider.md';
const FILES = ['env/providers/printed/declaration.ts', 'env/providers/printed/index.ts'];
const CHECK = 'topology/nodes/pools';

/** What a command prints: nobody listens there. */
const KUBECONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'nowhere', cluster: { server: 'http://127.0.0.1:9' } }],
  users: [{ name: 'nobody', user: {} }],
  contexts: [{ name: 'nowhere', context: { cluster: 'nowhere', user: 'nobody' } }],
  'current-context': 'nowhere',
};

/** What the copy derives of the provider: asked of the functions that plan and reach. */
const DERIVED = `
import { existsSync, readFileSync, statSync } from 'node:fs';
import { declarationOf, PROVIDERS, traitsOf } from './env/providers/declared.ts';
import { providerOf } from './env/providers/index.ts';
import { referenceProblems } from './env/references.ts';
import { planChecks } from './suites/catalogue/index.ts';
import { openEnvironment } from './suites/catalogue/plan/open.ts';
import { surroundingsOf } from './runner/targets/fault-injector.ts';
import { budgetOf } from './runner/state/budget.ts';
const environment = await openEnvironment('testing', { with: 'provisioned', size: 'provisioned' });
const reach = async (printed) => {
  const cluster = { ...environment.cluster, printed };
  const signal = new AbortController().signal;
  return (await providerOf(cluster)).connect(cluster, { environment: { ...environment, cluster }, provision: true, signal });
};
const reached = await reach(environment.cluster.printed);
const failed = await reach(['sh', '-c', 'echo secret; echo no such cluster >&2; exit 3']).catch((error) => [error.name, error.message]);
const names = PROVIDERS.map(({ name }) => name);
const source = { locate: () => ({ line: 1, column: 1 }) };
const misfit = (kind) => referenceProblems({ ...environment, kind, permits: [] }, { file: 'f', source })
  .filter(({ path }) => path === 'cluster').map(({ found, allowed }) => [found, allowed]);
console.log(JSON.stringify({
  order: names.indexOf('printed') - names.indexOf('kubeconfig'),
  traits: traitsOf(environment),
  declared: declarationOf(environment.cluster).name,
  here: planChecks(environment, { checks: ['${CHECK}'] }).map(({ notRun }) => notRun?.text ?? null),
  surroundings: surroundingsOf(environment),
  enforced: budgetOf(environment).enforced,
  misfit: [misfit('testing'), misfit('production')],
  printed: JSON.parse(readFileSync(reached.kubeconfig, 'utf8'))['current-context'],
  mode: statSync(reached.kubeconfig).mode & 0o777,
  pinned: reached.pin.kubeSystemUid === environment.cluster.pin.kubeSystemUid,
  failed,
}));
`;

const EXPECTED = {
  order: 1,
  traits: { ownedByUs: false, systemNamespaces: [] },
  declared: 'printed',
  here: [null],
  surroundings: { power: false },
  enforced: true,
  misfit: [[], [['printed', 'kubeconfig']]],
  printed: 'nowhere',
  mode: 0o600,
  pinned: true,
  failed: [
    'BlockedError',
    'testing: `sh -c echo secret; echo no such cluster >&2; exit 3` printed no kubeconfig: exit 3: no such cluster',
  ],
};

/** Follows the page, and lets an environment declare one. */
function follow(copy: Copy): string[] {
  copy.write('printed.json', JSON.stringify(KUBECONFIG));
  copy.change(
    'env/testing.yaml',
    '  kubeconfig: { env: PLUMBLINE_TESTING_KUBECONFIG }\n',
    '  printed: [cat, printed.json]\n',
  );
  return copy.follow(PAGE);
}

describe('adding a provider', () => {
  const copy = new Copy();
  let files: string[] = [];
  before(() => {
    files = follow(copy);
  });
  after(() => copy.remove());

  it('should need its folder, and nothing beside it', () => assert.deepEqual(files, FILES));

  it('should have its environment listed, and explained', () => {
    const { code, output } = copy.plumbline('list', '--env', 'testing');
    assert.equal(code, 0, output);
    assert.match(output, /topology\/nodes\/pools +runs /);
    assert.match(copy.plumbline('explain', CHECK, '--env', 'testing').output, /topology\/nodes\/pools/);
  });

  it('should be known to environment files', () => {
    assert.equal(copy.plumbline('env', 'validate', 'env/testing.yaml').code, 0);
    const text = copy.read('env/testing.yaml');
    copy.write('env/testing.yaml', text.replace('printed: [cat', 'printd: [cat'));
    const misspelt = copy.plumbline('env', 'validate', 'env/testing.yaml');
    assert.equal(misspelt.code, 64);
    assert.match(misspelt.output, /unknown key; found "printd" \(did you mean "printed"\?\)/);
    copy.write('env/testing.yaml', text);
    assert.equal(copy.node('env/json-schema.ts').code, 0);
    assert.match(copy.read('env/environment.schema.json'), /"printed"/);
    assert.equal(copy.node('scripts/reference.ts').code, 0);
    assert.match(copy.read('docs/reference/environment.md'), /`cluster\.printed/);
  });

  it('should be told from others, planned and reached by what its folder says', () => {
    assert.deepEqual(copy.ask(DERIVED), EXPECTED);
  });

  it('should be reached in a run, which says that nobody answers there', () => {
    const run = copy.plumbline('run', '--env', 'testing', '--check', CHECK, '--out', 'out');
    assert.equal(run.code, 2, run.output);
    assert.match(run.output, /127\.0\.0\.1:9/);
  });

  it('should be provisioned by others', () => {
    const up = copy.plumbline('env', 'up', '--env', 'testing');
    assert.equal(up.code, 64, up.output);
    assert.match(
      up.output,
      /testing is not an embedded or rehearsal environment: .*; allowed: local, local-small, rehearsal/,
    );
  });
});
