import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { METHODS } from '../harness/methods.ts';
import { scan } from '../_testing/scan.ts';
import type { Found } from '../_testing/scan.ts';
import { WORKLOADS } from './touches.ts';
import type { Touches } from './touches.ts';
import type { CatalogueRow } from './types.ts';

const SUITES = path.join(import.meta.dirname, '..');

interface Built {
  row: CatalogueRow;
  found: Found;
}

async function builtIn(file: string): Promise<Built[]> {
  const { checks } = (await import(file)) as { checks: readonly CatalogueRow[] };
  const own = existsSync(path.join(path.dirname(file), 'observe.ts'))
    ? "async () => (await import('./observe.ts')).observe"
    : undefined;
  return checks.flatMap((row) => {
    const observe = row.observe?.toString() ?? own;
    return observe === undefined ? [] : [{ row, found: scan(file, observe) }];
  });
}

const FILES = globSync('*/**/definition.ts', { cwd: SUITES }).map((file) => path.join(SUITES, file));
const BUILT = (await Promise.all(FILES.map(builtIn))).flat();

/** Checks of which the definition says something else than the code does, in words; none is as it should be. */
function differing(
  said: (touches: Touches) => readonly string[] | undefined,
  done: (found: Found, row: CatalogueRow) => Iterable<string>,
): string[] {
  return BUILT.flatMap(({ row, found }) => {
    const [says, does] = [new Set(said(row.touches) ?? []), new Set(done(found, row))];
    const lines = [
      ...[...does]
        .filter((word) => !says.has(word))
        .map((word) => `does ${word}, which its definition does not say`),
      ...[...says].filter((word) => !does.has(word)).map((word) => `does no ${word}, as its definition says`),
    ];
    return lines.map((line) => `${row.id} ${line}`);
  });
}

/** `apps/v1/*`: the kind that an environment file declares. */
const whole = (kind: string): readonly string[] => (kind === 'apps/v1/*' ? WORKLOADS : [kind]);

test('should say of every check which kinds it lists', () => {
  assert.ok(BUILT.filter(({ found }) => found.kinds.size > 0).length > 25, 'the code is not read any more');
  assert.deepEqual(
    differing(
      ({ lists }) => lists,
      ({ kinds }) => [...kinds].flatMap(whole),
    ),
    [],
  );
});

test('should say of every check whether it reads Leases', () => {
  assert.deepEqual(
    differing(
      ({ reads }) => reads,
      ({ paths }) =>
        [...paths].some((one) => /\bleases\b/.test(one)) ? ['coordination.k8s.io/v1/Lease'] : [],
    ),
    [],
  );
});

test('should say of every check what it makes', () => {
  assert.deepEqual(
    differing(
      ({ makes }) => makes,
      ({ objects, cluster }) => (cluster.has('apply') ? objects : []),
    ),
    [],
  );
});

test('should say of every check whether it runs commands in pods, and reads logs', () => {
  const saidOf = ({ execs = [], logs = [] }: Touches): string[] => [
    ...(execs.length > 0 ? ['exec'] : []),
    ...(logs.length > 0 ? ['logs'] : []),
  ];
  assert.deepEqual(
    differing(saidOf, ({ cluster }) => ['exec', 'logs'].filter((method) => cluster.has(method))),
    [],
  );
});

test('should say of every check which paths it asks that are no resource', () => {
  assert.deepEqual(
    differing(
      ({ asks }) => asks,
      ({ paths }) => [...paths].filter((one) => !one.startsWith('/api')),
    ),
    [],
  );
});

test('should let no check send a request through the edge by itself: credentials stay in the runner', () => {
  const senders = ['throughTheEdge', 'askApplication', 'askEdge'];
  const sending = BUILT.filter(({ found }) => senders.some((name) => found.calls.has(name)));
  assert.deepEqual(
    sending.map(({ row }) => row.id),
    [],
  );
});

test('should say of every check what the runner does for it in the cluster, and how it acts on the environment', () => {
  // What checks do through `ctx.cluster` is said by `makes` and `execs`.
  const counted = Object.keys(METHODS).filter((method) => !method.startsWith('cluster.'));
  // Checks of one Deployment share their code; only those that say so change its template.
  const isDone = (method: string, row: CatalogueRow): boolean =>
    !method.startsWith('deployment.') || row.writesTemplate === true;
  assert.deepEqual(
    differing(
      ({ runner }) => runner,
      ({ texts }, row) => counted.filter((method) => texts.has(method) && isDone(method, row)),
    ),
    [],
  );
});
