import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { isCut, occurrences, scanLogs } from './log-scan.ts';

const MOST_BYTES = 64 << 20;
const KEY = 'a-long-enough-key';

interface Asked {
  namespace: string;
  pod: string;
  container: string;
  previous?: boolean;
  limitBytes?: number;
}
interface Given {
  /** Beside platform `a` and edge `b`. */
  declared?: object;
  pods: { metadata: { namespace: string } }[];
  /** The log of a container, or an error that the API server answers with. */
  log: (of: Asked) => string | Error;
  key?: string;
}

const podIn = (namespace: string, name: string, more: object = {}) => ({
  metadata: { namespace, name },
  spec: { containers: [{ name: 'main' }] },
  status: {},
  ...more,
});

/** What is recorded of a search. */
async function scanned({ declared, pods, log, key = KEY }: Given): Promise<Record<string, unknown>> {
  const folder = tempFolder();
  const cluster = {
    list: (of: { namespace: string }) =>
      Promise.resolve({ items: pods.filter(({ metadata }) => metadata.namespace === of.namespace) }),
    logs: (of: Asked) => {
      const text = log(of);
      return typeof text === 'string' ? Promise.resolve(text) : Promise.reject(text);
    },
  };
  const environment = {
    ai: { deployment: { namespace: 'a', name: 'ai' }, llm: { token: {} } },
    stores: {},
    namespaces: { platform: 'a', edge: 'b' },
    topology: { workloads: [] },
    ...declared,
  };
  const runner = {
    runState: { trialFolder: () => folder, environment },
    stores: { secret: () => Promise.resolve(key) },
    parts: { cluster },
  } as unknown as RunnerCore;
  await scanLogs(runner, { check: 'integrations/llm-token', trial: 1 }, new AbortController().signal);
  const [line = '{}', ...more] = readFileSync(join(folder, 'scan.ndjson'), 'utf8')
    .split('\n')
    .filter(Boolean);
  assert.deepEqual(more, []);
  return JSON.parse(line) as Record<string, unknown>;
}

test('should take a log for cut that has as many lines or bytes as are read at most', () => {
  assert.equal(isCut('a line\n'.repeat(199_999)), false);
  assert.equal(isCut(`\n${'a line\n'.repeat(199_999)}`), true);
  assert.equal(isCut('x'.repeat(MOST_BYTES - 1)), false);
  assert.equal(isCut('x'.repeat(MOST_BYTES)), true);
});

test('should find a token in whatever is Base64, at each place in it, and no other token', () => {
  for (const key of ['sk-7~?>~?>~?>', 'sk-live-ÿÿ?>', '12345678'])
    for (const around of ['', 'a', 'ab', 'abc', 'Bearer ', 'api:', '{"token":"'])
      for (const behind of ['', '"', '"}', '\n\n\n'])
        for (const alphabet of ['base64', 'base64url'] as const) {
          const line = (token: string) => `auth=${Buffer.from(around + token + behind).toString(alphabet)}`;
          assert.deepEqual(occurrences(line(key), key), { lines: 1, with: 1 }, line(key));
          const other = `${key.slice(0, 3)}.${key.slice(4)}`;
          assert.deepEqual(occurrences(line(other), key), { lines: 1, with: 0 }, line(other));
        }
});

test('should read no more of a log than it may, and name the one that was cut', async () => {
  const limits: unknown[] = [];
  const scan = await scanned({
    pods: [podIn('a', 'long'), podIn('a', 'short')],
    log: ({ pod, limitBytes }) => {
      limits.push(limitBytes);
      return pod === 'long' ? 'x'.repeat(MOST_BYTES) : 'a line\n';
    },
  });
  assert.deepEqual(scan['logs'], ['a/long main', 'a/short main']);
  assert.equal(scan['containers'], 2);
  assert.deepEqual([scan['cut'], scan['unread']], [['a/long main'], []]);
  assert.deepEqual(limits, [MOST_BYTES, MOST_BYTES]);
});

test('should find a token whose Secret ends in a line break, and say that one of several lines cannot be found', async () => {
  const pods = [podIn('a', 'ai-0')];
  const log = (): string => `authorization: Bearer ${KEY}\n`;
  for (const key of [`${KEY}\n`, `${KEY}\r\n`, ` ${KEY} \n\n`])
    assert.deepEqual((await scanned({ pods, log, key }))['found'], [{ log: 'a/ai-0 main', lines: 1 }]);
  const several = await scanned({ pods, log, key: '{\n  "type": "service_account"\n}\n' });
  assert.equal(several['kind'], 'key-scan-failed');
  assert.match(String(several['reason']), /has several lines/);
  const short = await scanned({ pods, log, key: '1234567\n' });
  assert.match(String(short['reason']), /the token has 7 characters/);
});

test('should search all of platform, edge and the namespace of the AI service, and elsewhere what is declared', async () => {
  const statefulSet = { namespace: 'data', name: 'redis' };
  const workload = { kind: 'Deployment', namespace: 'kube-system', name: 'plugin' };
  const member = podIn('data', 'redis-0');
  Object.assign(member.metadata, { ownerReferences: [{ kind: 'StatefulSet', name: 'redis' }] });
  const scan = await scanned({
    declared: {
      ai: { deployment: { namespace: 'models', name: 'ai' }, llm: { token: {} } },
      stores: { redis: { members: 1, statefulSet } },
      topology: { workloads: [workload] },
    },
    pods: [
      podIn('a', 'any'),
      podIn('b', 'any'),
      podIn('models', 'ai-6d4b9c7f5-x2b4z'),
      podIn('models', 'any'),
      podIn('kube-system', 'plugin-6d4b9c7f5-x2b4z'),
      podIn('kube-system', 'kube-apiserver-n1'),
      member,
      podIn('data', 'of-others-0'),
      podIn('others', 'any'),
    ],
    log: ({ pod }) => (pod === 'ai-6d4b9c7f5-x2b4z' ? `${KEY}\n` : 'a line\n'),
  });
  assert.deepEqual(scan['namespaces'], ['a', 'b', 'models', 'kube-system', 'data']);
  assert.deepEqual(scan['logs'], [
    'a/any main',
    'b/any main',
    'models/ai-6d4b9c7f5-x2b4z main',
    'models/any main',
    'kube-system/plugin-6d4b9c7f5-x2b4z main',
    'data/redis-0 main',
  ]);
  assert.deepEqual(scan['found'], [{ log: 'models/ai-6d4b9c7f5-x2b4z main', lines: 1 }]);
});

test('should read what every restarted container logged before, and leave out only what kubelet says that it has no longer', async () => {
  const status = {
    initContainerStatuses: [{ name: 'sidecar', restartCount: 2 }],
    containerStatuses: [{ name: 'main', restartCount: 1 }],
  };
  const spec = { initContainers: [{ name: 'sidecar' }], containers: [{ name: 'main' }] };
  const pods = [podIn('a', 'p', { spec, status })];
  const before = ['a/p sidecar (before its restart)', 'a/p main (before its restart)'];
  const answering = (answer: string | Error): Promise<Record<string, unknown>> =>
    scanned({ pods, log: ({ previous }) => (previous === true ? answer : 'a line\n') });
  const found = await answering(`${KEY}\n`);
  assert.deepEqual(
    found['found'],
    before.map((log) => ({ log, lines: 1 })),
  );
  const gone = await answering(new Error('400 previous terminated container "main" in pod "p" not found'));
  assert.deepEqual([gone['logs'], gone['unread']], [['a/p sidecar', 'a/p main'], []]);
  const removed = 'unable to retrieve container logs for containerd://5f0c';
  for (const answer of [new Error(`500 ${removed}`), removed, `${removed}\n`]) {
    const scan = await answering(answer);
    assert.deepEqual([scan['logs'], scan['unread']], [['a/p sidecar', 'a/p main'], []]);
  }
  const failed = await answering(new Error('500 the node does not answer'));
  assert.deepEqual(
    failed['unread'],
    before.map((log) => ({ log, reason: '500 the node does not answer' })),
  );
});

test('should not take for a log what kubelet says of a container that was removed', async () => {
  const removed = 'unable to retrieve container logs for containerd://5f0c';
  const answering = (answer: string | Error): Promise<Record<string, unknown>> =>
    scanned({ pods: [podIn('a', 'p')], log: () => answer });
  for (const [answer, reason] of [
    [removed, removed],
    [new Error(`500 ${removed}`), `500 ${removed}`],
  ] as const) {
    const scan = await answering(answer);
    assert.deepEqual([scan['logs'], scan['lines'], scan['unread']], [[], 0, [{ log: 'a/p main', reason }]]);
  }
  const quoted = await answering(`${removed}\nanother line\n`);
  assert.deepEqual([quoted['logs'], quoted['unread']], [['a/p main'], []]);
});
