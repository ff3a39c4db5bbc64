/** A check is added by adding its folder: docs/extend/a-check.md, word for word. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Copy } from './copy.ts';

const PAGE = 'docs/extend/a-check.md';
const CHECK = 'topology/nodes/retired';

/** What the copy derives of the check: asked of the functions that plan, record and judge. */
const DERIVED = `
import { rowOf, planChecks } from './suites/catalogue/index.ts';
import { judgeOf, controlsOf } from './suites/catalogue/loaded.ts';
import { openEnvironment } from './suites/catalogue/plan/open.ts';
import { judgeOver } from './reports/judge/definition.ts';
import { parseObservation } from './reports/record/history/parse-observation.ts';
import { checkTimeoutMs, estimateMs, headerSettings, lockMode } from './runner/plan/environment-parts.ts';
import { invent } from './suites/_testing/histories.ts';
const check = '${CHECK}';
const environment = await openEnvironment('local-small', { with: ['postgres'], size: 'small' });
const [planned] = planChecks(environment, { checks: [check] });
const { pools, gpu } = headerSettings(check, environment);
const judge = judgeOver(await judgeOf(check));
const nodes = environment.topology.pools.flatMap(({ name, count }) => Array.from({ length: count.min }, (_, n) => name + n));
const verdictOf = (label, left = 0) => judge([invent({ check, settings: { pools }, goals: {}, seen: [
  ['nodes', { names: nodes }],
  ...nodes.slice(left).map((node) => ['retired-node', { node, label }]),
] })]).verdict;
console.log(JSON.stringify({
  order: rowOf(check).order,
  settings: [pools.length > 0, gpu === undefined],
  lock: lockMode(planned, environment),
  usualMs: estimateMs(planned, environment),
  timeLimit: checkTimeoutMs(planned, environment) > 0,
  read: ['soon', 7].map((label) => parseObservation({ kind: 'retired-node', t: 1, node: 'a', label }) !== null),
  verdicts: [verdictOf(null), verdictOf('soon'), verdictOf(null, 1)],
  controls: (await controlsOf(planned.row)).map(({ id, verdict }) => [id, verdict]),
}));
`;

const EXPECTED = {
  order: 45,
  settings: [true, true],
  lock: 'shared',
  usualMs: 2_000,
  timeLimit: true,
  read: [true, false],
  verdicts: ['pass', 'fail', 'inconclusive'],
  controls: [['topology/nodes/retired/labelled', 'fail']],
};

describe('adding a check', () => {
  const copy = new Copy();
  let files: string[] = [];
  before(() => {
    files = copy.follow(PAGE);
  });
  after(() => copy.remove());

  it('should need one folder, and nothing beside it', () => {
    assert.equal(files.length, 5);
    for (const file of files) assert.ok(file.startsWith(`suites/${CHECK}/`), file);
  });

  it('should be listed in its place, and explained', () => {
    const { output } = copy.plumbline('list', '--env', 'local-small');
    const names = output.split('\n').map((line) => line.trim().split(/\s+/, 2).join(' '));
    const at = names.indexOf(`${CHECK} runs`);
    assert.equal(names[at - 1], 'topology/nodes/pools runs', output);
    const explained = copy.plumbline('explain', CHECK, '--env', 'staging').output;
    assert.match(explained, /No node is about to be taken away/);
    assert.match(explained, /controls {3}one node is to be taken away → fail/);
  });

  it('should be known to environment files', () => {
    const line = "    checks: ['topology/**']\n";
    const text = copy.read('env/testing.yaml');
    assert.ok(text.includes(line));
    copy.write('env/testing.yaml', text.replace(line, `    checks: [${CHECK}]\n`));
    assert.equal(copy.plumbline('env', 'validate', 'env/testing.yaml').code, 0);
    copy.write('env/testing.yaml', text.replace(line, `    checks: [${CHECK}d]\n`));
    const misspelt = copy.plumbline('env', 'validate', 'env/testing.yaml');
    assert.equal(misspelt.code, 64);
    assert.match(misspelt.output, new RegExp(`did you mean "?${CHECK}`));
    copy.write('env/testing.yaml', text);
  });

  it('should be planned, recorded, judged and broken by what its folder says', () => {
    assert.deepEqual(copy.ask(DERIVED), EXPECTED);
  });

  it('should name what cannot be loaded, with the exit code of the harness', () => {
    const file = `suites/${CHECK}/definition.ts`;
    const text = copy.read(file);
    copy.write(file, `throw new Error('half written');\n${text}`);
    const thrown = copy.plumbline('list');
    assert.equal(thrown.code, 3);
    assert.ok(thrown.output.includes(`${file} cannot be loaded: Error: half written`), thrown.output);
    copy.write(file, `import '../../../catalogue/index.ts';\n${text}`);
    const waiting = copy.plumbline('list');
    assert.equal(waiting.code, 3);
    assert.match(waiting.output, /modules import each other/);
    copy.write(file, text);
  });

  it('should be in both references once they are written again', () => {
    assert.equal(copy.node('scripts/reference.ts').code, 0);
    assert.match(copy.read('docs/reference/checks.md'), new RegExp(`### \`${CHECK}\``));
    assert.match(copy.read('docs/reference/histories.md'), /### `retired-node`/);
  });
});
