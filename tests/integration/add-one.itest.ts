/** What docs/extend/ adds, run on the small cluster from a copy of the checkout. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { runRecordSchema } from '../../reports/record/run-record.ts';
import { Copy } from '../add-one/copy.ts';
import { provisioned } from './_helpers/instance.ts';
import { asForeign, KUBECONFIG } from './_helpers/runner-fixture.ts';

const CHECK = 'topology/nodes/retired';

describe('a check that was added by its folder', () => {
  const copy = new Copy();
  before(async () => {
    await provisioned(['postgres']);
    copy.follow('docs/extend/a-check.md');
  });
  after(() => copy.remove());

  it('should pass in a run, which its report and its histories say', () => {
    const out = path.join(copy.root, 'out');
    const run = copy.plumbline('run', '--env', 'local-small', '--check', CHECK, '--out', out);
    assert.equal(run.code, 0, run.output);
    const [name = ''] = readdirSync(out).filter((one) => one !== 'latest');
    const record = runRecordSchema.parse(
      JSON.parse(readFileSync(path.join(out, name, 'run.json'), 'utf8')) as unknown,
    );
    assert.deepEqual(
      record.checks.filter(({ verdict }) => verdict !== 'not-run').map(({ id, verdict }) => [id, verdict]),
      [[CHECK, 'pass']],
    );
    assert.match(readFileSync(path.join(out, name, 'report.html'), 'utf8'), /topology\/nodes\/retired/);
    const again = copy.plumbline('judge', path.join(out, name));
    assert.equal(again.code, 0, again.output);
  });

  it('should be caught by its control, and the label be gone again', () => {
    const caught = copy.plumbline('controls', '--check', `${CHECK}/labelled`);
    assert.equal(caught.code, 0, caught.output);
    assert.match(caught.output, /1 passed, 0 failed/);
    const run = copy.plumbline('run', '--env', 'local-small', '--check', CHECK);
    assert.equal(run.code, 0, run.output);
  });
});

describe('a fault that was added by its file', () => {
  const copy = new Copy();
  before(async () => {
    await provisioned(['postgres']);
    copy.change('env/local.yaml', ', pod-delete,', ', pod-delete, evict,');
    copy.follow('docs/extend/a-fault.md');
  });
  after(() => copy.remove());

  it('should take the leader away, be proved, and end with another one', () => {
    const drill = copy.plumbline('drill', 'failover/postgres/evict', '--env', 'local-small', '--yes');
    assert.equal(drill.code, 0, drill.output);
    assert.match(
      drill.output.replaceAll(/\s+/g, ' '),
      /failover\/postgres\/evict: RTO [\d.]+ s \(of reads [\d.]+ s\), lost writes 0, another leader in 1 of 1 trial/,
    );
  });

  it('should be caught when a write is lost', () => {
    const caught = copy.plumbline('controls', '--check', 'failover/postgres/evict');
    assert.equal(caught.code, 0, caught.output);
    assert.match(caught.output, /1 passed, 0 failed/);
  });
});

describe('a provider that was added by its folder', () => {
  const copy = new Copy();
  /** The small cluster, as one whose kubeconfig a command prints. */
  const declare = (name: string, printed: readonly string[]): string => {
    const foreign = parse(readFileSync(asForeign(copy.root, name), 'utf8')) as { cluster: { pin: object } };
    const { pin } = foreign.cluster;
    const file = path.join(copy.root, `${name}.yaml`);
    copy.write(`${name}.yaml`, stringify({ ...foreign, kind: 'testing', cluster: { printed, pin } }));
    return file;
  };
  before(async () => {
    await provisioned(['postgres']);
    copy.follow('docs/extend/a-provider.md');
  });
  after(() => copy.remove());

  it('should be reached by what the command prints, held against the pin, and leave no kubeconfig', () => {
    const file = declare('printed', ['cat', KUBECONFIG]);
    const left = (): string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('plumbline-printed-'));
    const before = left();
    const run = copy.plumbline('run', '--env', file, '--check', 'topology/nodes/pools', '--out', 'out');
    assert.equal(run.code, 0, run.output);
    assert.deepEqual(left(), before);
  });

  it('should be inconclusive where the command fails, and say why', () => {
    const file = declare('silent', ['sh', '-c', 'echo no such cluster >&2; exit 3']);
    const run = copy.plumbline('run', '--env', file, '--check', 'topology/nodes/pools', '--out', 'silent');
    assert.equal(run.code, 2, run.output);
    assert.match(run.output, /printed no kubeconfig: exit 3: no such cluster/);
  });
});
