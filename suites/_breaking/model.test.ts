import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { allControls } from '../catalogue/loaded.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { fewLost } from '../failover/ai/controls.ts';
import { contextOf } from '../_testing/control-context.ts';

const controls = await allControls();
const small = await loadEnvironment('local-small');
const rest = { delayMs: 300, failRatio: 0, status: 503 };

function controlOf(id: string): (typeof controls)[number] {
  return controls.find((control) => control.id === id) ?? assert.fail(id);
}

test('should make the model a second slower, with what it does at rest as the rollback, written down first', async () => {
  const told: unknown[] = [];
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => told.push([request.method, request.url, JSON.parse(String(part))]));
    request.on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ai = { ...small.ai, llm: { stubbed: true, control: { url, rest } } };
  try {
    for (const id of ['integrations/llm/slow', 'performance/ai/latency/slow']) {
      told.length = 0;
      const ctx = contextOf({
        environment: { ai },
        actWithRollback: async (action) => {
          assert.deepEqual(action.rollback, { kind: 'stand-in', url, rest, embedded: true });
          assert.deepEqual(told, []);
          await action.act();
        },
      });
      await controlOf(id).break(ctx);
      assert.deepEqual(told, [['PUT', '/control', { ...rest, delayMs: 1300 }]]);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('should roll out a service that acknowledges early, and may not finish, before its model is slow', async () => {
  const template = {
    containers: [
      {
        name: 'ai',
        env: [{ name: 'PORT', value: '8000' }],
        livenessProbe: { periodSeconds: 10 },
        lifecycle: {},
      },
    ],
  };
  const steps: string[] = [];
  const found = (): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'tender-ai', generation: 1 },
    spec: { replicas: 2, selector: { matchLabels: { app: 'tender-ai' } }, template: { spec: template } },
    status: { observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2 },
  });
  const ctx = contextOf({
    environment: { ai: { ...small.ai, llm: { stubbed: true, control: { url: 'http://unused', rest } } } },
    get: () => Promise.resolve(found()),
    list: () => Promise.resolve([]),
    actWithRollback: ({ title }) => {
      steps.push(title);
      return Promise.resolve();
    },
  });
  await controlOf('failover/ai/hang/acknowledged-early').break(ctx);
  const [{ name, patch } = assert.fail('no patch')] = ctx.noted.patches;
  const { spec } = (patch as { spec: { template: { spec: Record<string, unknown> } } }).spec.template;
  assert.equal(name, 'tender-ai');
  assert.equal(spec['terminationGracePeriodSeconds'], 1);
  const [container] = spec['containers'] as { env: { name: string }[]; livenessProbe: object }[];
  assert.deepEqual(
    container?.env.map((one) => one.name),
    ['PORT', 'ACK_BEFORE_WORK'],
  );
  assert.ok(!('lifecycle' in container), 'it may not wait before it is told to end');
  assert.deepEqual(container.livenessProbe, { periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 2 });
  assert.deepEqual(steps, ['the model takes 4 s']);
});

test('should turn for jobs that were under way, not for a backlog', () => {
  const judged = (lost: number, accepted: number): Judgement =>
    ({
      figures: [
        { name: 'accepted jobs', value: accepted },
        { name: 'lost jobs', value: lost },
      ],
    }) as unknown as Judgement;
  assert.equal(fewLost(judged(6, 150)), null);
  assert.match(fewLost(judged(90, 150)) ?? '', /fewer than half/);
  assert.match(fewLost(judged(0, 150)) ?? '', /expected some/);
});

test('should log the token from a pod of its own, which takes its log with it', async () => {
  const applied: KubeObject[] = [];
  const ctx = contextOf({
    environment: { ai: small.ai },
    get: ({ kind }) =>
      Promise.resolve(
        kind === 'Pod'
          ? { apiVersion: 'v1', kind, metadata: { name: 'x' }, status: { phase: 'Running' } }
          : {
              apiVersion: 'apps/v1',
              kind,
              metadata: { name: 'tender-api' },
              spec: { template: { spec: { containers: [{ name: 'api', image: 'image@sha256:1' }] } } },
            },
      ),
    apply: (objects) => {
      applied.push(...objects);
      return Promise.resolve();
    },
  });
  await controlOf('integrations/llm-token/logged').break(ctx);
  const [pod] = applied;
  assert.deepEqual([pod?.kind, pod?.metadata.namespace], ['Pod', 'tender']);
  assert.ok(!JSON.stringify(pod).includes('Bearer ey'), 'the token itself is not in the object');
  assert.match(JSON.stringify(pod), /secretKeyRef/);
});
