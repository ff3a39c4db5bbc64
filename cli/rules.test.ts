import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { rulesOf } from '../env/local/platform/prometheus/objectives.ts';
import { main } from './main.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-rules-'));
after(() => rmSync(folder, { recursive: true }));

async function rules(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(['rules', ...argv], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

interface Group {
  name: string;
  rules: unknown[];
}

test('should print a file of rules, the same as the embedded environment loads', async () => {
  const { code, out } = await rules('--env', 'local');
  assert.equal(code, 0);
  assert.match(out, /^# Made by `plumbline rules --env local`/);
  assert.deepEqual(parse(out), parse(rulesOf('local')));
});

test('should print an object of the operator', async () => {
  const { code, out } = await rules(
    '--env',
    'staging',
    '--as',
    'prometheus-rule',
    '--namespace',
    'monitoring',
    '--label',
    'release=kube-prometheus-stack',
    '--label',
    'role=alert-rules',
  );
  assert.equal(code, 0);
  const { kind, metadata, spec } = parse(out) as {
    kind: string;
    metadata: unknown;
    spec: { groups: Group[] };
  };
  assert.equal(kind, 'PrometheusRule');
  assert.deepEqual(metadata, {
    name: 'plumbline-staging',
    namespace: 'monitoring',
    labels: {
      'app.kubernetes.io/managed-by': 'plumbline',
      release: 'kube-prometheus-stack',
      role: 'alert-rules',
    },
  });
  assert.deepEqual(
    spec.groups.map(({ name }) => name),
    ['api-availability', 'api-requests', 'api-latency', 'ai-latency', 'canary'].map(
      (name) => `plumbline-${name}`,
    ),
  );
});

test('should write a file a group, leave what is the same, and overwrite what differs only with --force', async () => {
  const out = path.join(folder, 'rules');
  const first = await rules('--env', 'staging', '--out', out);
  assert.equal(first.code, 0, first.err);
  assert.equal(readdirSync(out).length, 5);
  const file = path.join(out, 'plumbline-canary.yaml');
  const text = readFileSync(file, 'utf8');
  assert.match(
    (await rules('--env', 'staging', '--out', out)).out,
    /plumbline-canary\.yaml: already as it should be/,
  );
  writeFileSync(file, 'groups: []\n');
  rmSync(path.join(out, 'plumbline-api-requests.yaml'));
  const refused = await rules('--env', 'staging', '--out', out);
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /plumbline-canary\.yaml is there and differs\nnothing was written; --force overwrites/,
  );
  assert.equal(readFileSync(file, 'utf8'), 'groups: []\n');
  assert.equal(readdirSync(out).length, 4);
  const forced = await rules('--env', 'staging', '--out', out, '--force');
  assert.equal(forced.code, 0);
  assert.match(forced.out, /plumbline-canary\.yaml: written/);
  assert.equal(readFileSync(file, 'utf8'), text);
});

test('should refuse what it has no use for, and an environment without objectives', async () => {
  const stray = await rules('--env', 'local', '--label', 'a=b');
  assert.deepEqual([stray.code, /--label is for --as prometheus-rule/.test(stray.err)], [64, true]);
  assert.match((await rules('--env', 'local', '--namespace', 'x')).err, /--namespace is for/);
  const label = await rules('--env', 'local', '--as', 'prometheus-rule', '--label', 'release');
  assert.deepEqual([label.code, /NAME=VALUE/.test(label.err)], [64, true]);
  assert.equal((await rules('--env', 'local', '--as', 'json')).code, 64);
  const file = path.join(folder, 'none.yaml');
  const staging = path.join(import.meta.dirname, '../env/staging.yaml');
  writeFileSync(
    file,
    `extends: ${path.relative(folder, staging)}\nname: none\nobjectives: null\ntelemetry: { alerts: null }\nprofiles: {}\n`,
  );
  const none = await rules('--env', file);
  assert.equal(none.code, 64);
  assert.match(none.err, /none names no objectives and no telemetry\.alerts/);
});
