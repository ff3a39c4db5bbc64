/** Checks, judges, probes and the runner know no name of the platform that Plumbline itself provisions: it could be any platform. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.dirname(import.meta.dirname);
const CODE = '{faults,load,probes,reports/judge,runner,suites}/**/*.ts';
/** Controls break that very platform; tests and their helpers imitate it. */
const OUTSIDE = [
  /\.test\.ts$/,
  /\/_testing\//,
  /\/controls?(-[a-z-]+)?\.ts$/,
  /\/controls\//,
  /\/_breaking\//,
  /\/breaking\.ts$/,
];

/** Namespaces, workloads, Services, containers, classes, pools, hosts and addresses of env/local.yaml and env/local/platform. */
const OWN: readonly RegExp[] = [
  /['"`](tender|observability)\//,
  /namespaces?(\/|: ?['"`])(tender|edge|observability)\b/,
  /['"`/](tender|observability)['"`]/,
  /\btender-(api|ai)\b/,
  /\b(grafana-stub|llm-stub|log-shipper|logstore)\b/,
  /\bpostgres-(primary|replica|members|config|credentials)\b/,
  /\bredis-(sentinel|credentials|members)\b/,
  /\b(rabbitmq|elasticsearch|neo4j)-(credentials|members)\b/,
  /\bplumbline-local\b/,
  /\bplumbline\.dev\/pool\b/,
  /\bplumbline\.test\b/,
  /\b198\.1[89]\./,
];

/** Names of our own make in code, as `file:line: name`. Comments may give examples. */
function ownIn(file: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(\/\*|\*|\/\/)/.test(line)) return [];
    const found = OWN.flatMap((name) => name.exec(line)?.[0] ?? []);
    return found.map((name) => `${file}:${index + 1}: ${name.trim()}`);
  });
}

test('should know no name of our own platform outside of its manifests, its environment files and its controls', () => {
  const files = globSync(CODE, { cwd: ROOT }).filter((file) => !OUTSIDE.some((one) => one.test(file)));
  assert.ok(files.length > 500, `only ${files.length} files were found`);
  const found = files.flatMap((file) => ownIn(file, readFileSync(path.join(ROOT, file), 'utf8')));
  assert.deepEqual(found, []);
});

test('should find a name of our own platform in code, and let a comment give one as an example', () => {
  assert.deepEqual(
    ownIn('a.ts', "get('/namespaces/tender/deployments/tender-api');\n// such as tender/tender-api"),
    ['a.ts:1: namespaces/tender', 'a.ts:1: tender-api'],
  );
  assert.deepEqual(ownIn('a.ts', "const POOL = 'plumbline.dev/pool';"), ['a.ts:1: plumbline.dev/pool']);
  assert.deepEqual(ownIn('a.ts', 'the tender is drafted'), []);
});
