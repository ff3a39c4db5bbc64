import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { plumbline as asProcess } from './_testing/cli.ts';
import { main } from './main.ts';

async function plumbline(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(argv, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('should end with 64 and a hint when the command line is wrong', async () => {
  const wrong: [string[], RegExp][] = [
    [['bogus'], /unknown command 'bogus'/],
    [['run'], /required option '--env <name>'/],
    [['run', '--env', 'local', '--repeat', 'many'], /must be a whole number, 1 or more/],
    [['run', '--env', 'local', '--size', 'huge'], /Allowed choices are small, full/],
    [['report', 'latest'], /required option '--format <format>'/],
    [['explain'], /missing required argument 'check'/],
    [['explain', 'topology/edge/pth'], /did you mean "topology\/edge\/path"/],
    [['list', '--env', 'stagin'], /did you mean "staging"/],
    [['env', 'up', '--env', 'staging'], /not an embedded or rehearsal environment/],
    [['env', 'check', '--env', 'staging'], /not an embedded or rehearsal environment/],
    [['env', 'check', '--size', 'huge'], /Allowed choices are small, full/],
    [['env', 'up', '--with', 'postgres,'], /names separated by commas/],
    [['diff', 'nope', 'latest'], /no run "nope": there is no run\.json in/],
  ];
  for (const [argv, message] of wrong) {
    const { code, err } = await plumbline(...argv);
    assert.equal(code, 64, argv.join(' '));
    assert.match(err, message);
  }
});

test('should take --also for one word, before the check and after it', async () => {
  for (const argv of [
    ['--also', 'api', 'failover/postgres/partition'],
    ['failover/postgres/partition', '--also', 'api'],
  ]) {
    const { code, stderr } = await asProcess(['drill', '--env', 'stagin', ...argv]);
    assert.equal(code, 64);
    assert.match(stderr, /^no environment "stagin"/, argv.join(' '));
  }
  const { err } = await plumbline('drill', 'failover/postgres/partition', '--also', 'peers');
  assert.match(err, /argument 'peers' is invalid\. Allowed choices are api\./);
});

test('should show help with exit code 0', async () => {
  const { code, out } = await plumbline('run', '--help');
  assert.equal(code, 0);
  for (const option of [
    '--profile',
    '--suite',
    '--check',
    '--repeat',
    '--gate',
    '--baseline',
    '--out',
    '--dry-run',
  ]) {
    assert.ok(out.includes(option), option);
  }
});

test('should list what an environment would run, with the reason where it would not', async () => {
  const { code, out } = await plumbline('list', '--env', 'local-small');
  assert.equal(code, 0);
  assert.match(out, /topology\/cluster\/control-plane +not run .* \(size small\)$/m);
  assert.match(out, /topology\/nodes\/pools +runs/);
  assert.match(out, /security\/pods +not run .* \(not written yet\)$/m);
});

test('should list of a profile no check that is outside of it, and say how many its reports name besides', async () => {
  const { out } = await plumbline('list', '--env', 'local-small', '--profile', 'smoke');
  assert.match(out, /topology\/network\/policy +not run .* \(not written yet\)$/m);
  assert.deepEqual(new Set(out.match(/^ {2}[a-z]+(?=\/)/gm)), new Set(['  topology']));
  assert.match(out, /run in profile smoke\nits reports also name \d+ other checks that are not written yet$/);
});

test('should list which adapters no real product has answered', async () => {
  const { out } = await plumbline('list');
  assert.match(out, /^not met yet: Jaeger 2 \(telemetry\.traces\.kind: jaeger2\) follows its documentation/m);
});

test('should explain a check with its goal here and how to run it', async () => {
  const { code, out } = await plumbline('explain', 'failover/postgres/pod-crash', '--env', 'local');
  assert.equal(code, 0);
  assert.match(out, /rtoSeconds 30, lostWrites 0, minTrials 1 \(assumed/);
  assert.match(out, /--env local --check failover\/postgres\/pod-crash/);
});

test('should name the environment that is no part of the checkout by its file', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'local.yaml');
  await copyFile(path.join(import.meta.dirname, '..', 'env', 'local.yaml'), file);
  const { out } = await plumbline('explain', 'topology/nodes/pools', '--env', file);
  assert.ok(out.includes(`npx plumbline run --env ${file} --check topology/nodes/pools`), out);
});

test('should explain what a check looks at, and assume no goal where there is none', async () => {
  const { out } = await plumbline('explain', 'telemetry/metrics/series');
  assert.match(out, /^looks at {3}what Prometheus finds for the selectors/m);
  assert.match(out, /^goal {7}every required selector finds .*\n {11}no values$/m);
  const other = await plumbline('explain', 'topology/nodes/pools');
  assert.doesNotMatch(other.out, /^looks at/m);
});

test('should explain which rights a check needs, and which nobody gives it', async () => {
  const { out } = await plumbline('explain', 'topology/cluster/control-plane');
  assert.match(out, /^rights {5}list, watch everywhere: events, nodes, pods$/m);
  assert.match(out, /^ {11}get, create in kube-system: pods\/exec – given to nobody: /m);
  const embedded = await plumbline('explain', 'failover/control-plane/leader-crash');
  assert.match(
    embedded.out,
    /^rights {5}more than other environments grant: the check runs only in an embedded one$/m,
  );
});

test('should validate the files after an invalid one too', async () => {
  const { code, out, err } = await plumbline('env', 'validate', 'local', 'no-such', 'staging');
  assert.equal(code, 64);
  assert.match(out, /local: valid \(local, local\)\nstaging: valid \(staging, staging\)/);
  assert.match(err, /no environment "no-such"/);
});

test('should refuse a folder without a run record', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-'));
  context.after(() => rm(folder, { recursive: true }));
  const { code, err } = await plumbline('report', folder, '--format', 'html');
  assert.equal(code, 64);
  assert.match(err, /there is no run\.json in .*; `plumbline judge .*` works from the histories alone/);
});

test('should print no command to a terminal or to a CI server in an error', async (t) => {
  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text));
  await main(['report', 'a\u001b[2K##vso[task.complete]', '--format', 'html']);
  t.mock.restoreAll();
  assert.match(said.join(''), /^no run "a\ufffd\[2K# #vso\[task\.complete\]": /);
  for (const command of ['\u001b', '##vso']) assert.ok(!said.join('').includes(command));
});

test('should say in words why a record cannot be read, and what works without it', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-'));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'run.json'), '{"schema":4}');
  const { code, err } = await plumbline('report', folder, '--format', 'html');
  assert.equal(code, 64);
  assert.match(
    err,
    /run\.json: the run record is damaged: id: Invalid input: .*; and \d+ more; move it away, and `plumbline judge .*` works from the histories alone$/,
  );
});

test('env check prints one line for each requirement, and whether the machine is ready', async () => {
  const { code, out } = await plumbline('env', 'check', '--env', 'local-small');
  const lines = out.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^[✓✗] system /);
  const missing = lines.filter((line) => line.startsWith('✗ '));
  assert.equal(lines.filter((line) => line.includes(' → ')).length, missing.length);
  assert.match(
    lines.at(-1) ?? '',
    missing.length === 0 ? /is ready for local-small/ : /is not ready for local-small/,
  );
  assert.equal(code, missing.length === 0 ? 0 : 64);
});
