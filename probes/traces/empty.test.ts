/** What nothing found means: forms of answers as in traces.test.ts, the words of gateways from their documentation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalError } from '../signals/index.ts';
import { why } from '../signals/_testing/errors.ts';
import { standIn } from '../signals/_testing/server.ts';
import type { Asked, Said } from '../signals/_testing/server.ts';
import { traceProbe } from './index.ts';
import type { TraceProbe } from './index.ts';

const BOUNDS = { deadlineMs: 5_000 };
const ID = '0af7651916cd43dd8448eb211c80319c';

async function withProbe(
  kind: string,
  answer: (asked: Asked) => Said,
  work: (probe: TraceProbe) => Promise<void>,
): Promise<void> {
  const server = await standIn(answer);
  const path = [{ service: 'gateway', through: 'http' as const, logs: true, spans: [] }];
  const probe = traceProbe({ kind, correlationTag: 'plumbline.mark', path }, { url: server.url });
  try {
    await work(probe);
  } finally {
    probe.close();
    await server.close();
  }
}

/** What each product answers to a question for a trace that it has not, and for its services. */
const EMPTY: Readonly<Record<string, { trace: Said; services: (names: string[]) => Said; path: string }>> = {
  jaeger: {
    trace: { status: 404, body: { data: null, errors: [{ code: 404, msg: 'trace not found' }] } },
    path: '/api/services',
    services: (names) => ({ body: { data: names.length === 0 ? null : names, total: names.length } }),
  },
  jaeger2: {
    trace: { status: 404, body: { error: { httpCode: 404, message: 'No traces found' } } },
    path: '/api/v3/services',
    services: (services) => ({ body: { services } }),
  },
  zipkin: {
    trace: { status: 404, body: `${ID} not found` },
    path: '/api/v2/services',
    services: (names) => ({ body: names }),
  },
};

test('should take nothing for nothing only where the store knows any service, and speak of another tenant', async () => {
  for (const [kind, { trace, services, path: own }] of Object.entries(EMPTY)) {
    const saying =
      (names: string[]) =>
      ({ path }: Asked): Said =>
        path === own ? services(names) : trace;
    await withProbe(kind, saying(['gateway']), async (probe) =>
      assert.deepEqual(await probe.byIds([ID], BOUNDS), [], kind),
    );
    await withProbe(kind, saying([]), (probe) =>
      assert.rejects(
        probe.byIds([ID], BOUNDS),
        why(/^absent: .*knows no service at all: maybe another tenant or another store has the traces/),
      ),
    );
  }
});

test('should not take a path that nobody serves, a login page or a refusal for a trace that is missing', async () => {
  const wrong: Said[] = [
    { status: 404, body: '<!doctype html><html><h1>Not Found</h1></html>' },
    { status: 404, body: { message: 'no Route matched with those values' } },
    { status: 302, location: '/oauth2/sign_in', body: '' },
    { status: 401, body: 'missing tenant header' },
    { status: 403, body: 'unknown tenant' },
    { body: '<html><title>Sign in</title></html>' },
    { status: 504, body: { message: 'upstream request timeout' } },
  ];
  for (const kind of ['jaeger', 'jaeger2', 'zipkin'])
    for (const said of wrong)
      await withProbe(
        kind,
        () => said,
        (probe) => assert.rejects(probe.byIds([ID], BOUNDS), SignalError, `${kind} ${JSON.stringify(said)}`),
      );
  await withProbe(
    'jaeger',
    () => ({ status: 401, body: 'missing tenant header' }),
    (probe) => assert.rejects(probe.byIds([ID], BOUNDS), why(/^refused: .*wants the name of a tenant/)),
  );
});
