import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { applicationSchema } from '../../env/schema.ts';
import type { Environment } from '../../env/schema.ts';
import { catalogue } from '../../suites/catalogue/index.ts';
import { createsThroughEdge } from '../../suites/catalogue/requirements.ts';
import { ApplicationAccess } from '../targets/application-access.ts';
import { removeCanariesOf } from './canaries.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A backend with things of its own that lists everything, whatever it is asked for, and records what is removed. */
class Backend {
  readonly things = new Map<string, string | number | null>();
  readonly removed: string[] = [];
  readonly queries: string[] = [];
  /** Ids that it does not let go. */
  readonly stuck = new Set<string>();
  page = 100;
  broken = false;
  #url = '';

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      request.resume();
      const [path = '', query = ''] = (request.url ?? '').split('?');
      const id = decodeURIComponent(path.split('/')[3] ?? '');
      if (this.broken) response.writeHead(503).end();
      else if (request.method === 'DELETE') response.writeHead(this.#remove(id)).end();
      else {
        this.queries.push(decodeURIComponent(query));
        const content = [...this.things].slice(0, this.page).map(([key, name]) => ({ key, name }));
        response.end(JSON.stringify({ content }));
      }
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  #remove(id: string): number {
    if (this.stuck.has(id)) return 409;
    this.removed.push(id);
    return this.things.delete(id) ? 204 : 404;
  }

  environment(more: object = {}): Environment {
    const list = { method: 'GET', path: '/api/orders', status: 200 };
    const application = applicationSchema.parse({
      follow: 'none',
      proof: 'none',
      requests: {
        look: list,
        create: {
          ...{ method: 'POST', path: '/api/orders', body: { name: '{title}' }, status: 201 },
          id: { pointer: '/key' },
        },
        find: {
          ...{ ...list, path: '/api/orders?name={prefix}' },
          entries: { list: '/content', id: '/key', title: '/name' },
        },
        remove: { method: 'DELETE', path: '/api/orders/{id}', status: 204 },
      },
      ...more,
    });
    const edge = { url: this.#url, trust: 'system', hops: [] };
    const timeouts = { canariesRemoved: { seconds: 10 }, edgeRequest: { seconds: 5 } };
    return { application, topology: { edge }, timeouts } as unknown as Environment;
  }
}

const CREATING = catalogue().filter(createsThroughEdge);

function remove(environment: Environment, when: 'before' | 'after' = 'before', rows = CREATING) {
  const unread = (): Promise<never> => Promise.reject(new Error('no secrets here'));
  const secrets = { secret: unread, reread: unread, keep: () => undefined };
  const runner = { runState: { environment }, application: new ApplicationAccess(environment, secrets) };
  const { signal } = new AbortController();
  const planned = rows.map((row) => ({ row }));
  return removeCanariesOf(runner as unknown as Parameters<typeof removeCanariesOf>[0], {
    ...{ planned, when, signal },
  });
}

describe('canaries that were created through the edge', () => {
  it('should be removed by the next run after one that was interrupted, and nothing of others', async () => {
    const backend = await new Backend().start();
    const others: [string, string | number | null][] = [
      ['a', 'Order of somebody'],
      ['b', 'plumbline canary run-1/1'],
      ['c', ' Plumbline canary run-1/1'],
      ['d', 'A Plumbline canary that was sold'],
      ['e', 'Plumbline canar'],
      ['f', ''],
      ['g', null],
      ['h', 7],
      ['i', 'Plumbline canary'],
    ];
    for (const [id, title] of others) backend.things.set(id, title);
    for (let n = 1; n <= 30; n++) backend.things.set(`own/${n}`, `Plumbline canary run-1/${n}`);
    assert.equal(
      await remove(backend.environment()),
      'canaries created through the edge: 30 removed, which an earlier run had left',
    );
    assert.deepEqual([...backend.things], others);
    assert.ok(backend.removed.every((id) => id.startsWith('own/')));
    assert.ok(backend.queries.every((query) => query === 'name=Plumbline canary '));
    assert.equal(await remove(backend.environment(), 'after'), null);
  });

  it('should be removed page by page', async () => {
    const backend = await new Backend().start();
    backend.page = 7;
    for (let n = 1; n <= 30; n++) backend.things.set(String(n), `Plumbline canary run-1/${n}`);
    assert.match((await remove(backend.environment(), 'after')) ?? '', /: 30 removed$/);
    assert.equal(backend.removed.length, 30);
  });

  it('should be said where they stay, with what tells them', async () => {
    const backend = await new Backend().start();
    for (let n = 1; n <= 3; n++) backend.things.set(String(n), `Plumbline canary run-1/${n}`);
    backend.stuck.add('2');
    assert.equal(
      await remove(backend.environment(), 'after'),
      'canaries created through the edge: 2 removed; 1 could not be removed; application.requests.remove: status 409 (their titles begin with "Plumbline canary ")',
    );
    backend.broken = true;
    assert.match((await remove(backend.environment())) ?? '', /: application\.requests\.find: status 503 /);
  });

  it('should stay where nothing says how to remove them, which is said once at the end', async () => {
    const backend = await new Backend().start();
    const { application, ...rest } = backend.environment();
    const { find: _find, remove: _remove, ...requests } = application?.requests ?? assert.fail();
    const without = { ...rest, application: { ...application, requests } } as Environment;
    assert.equal(await remove(without), null);
    assert.match(
      (await remove(without, 'after')) ?? '',
      /stays there, with titles that begin with "Plumbline canary "/,
    );
  });

  it('should not be looked for by a run that creates nothing, or may only read', async () => {
    const backend = await new Backend().start();
    backend.things.set('1', 'Plumbline canary run-1/1');
    const reading = catalogue().filter((row) => !createsThroughEdge(row));
    assert.equal(await remove(backend.environment(), 'before', reading), null);
    assert.equal(await remove({ ...backend.environment(), readOnly: true }), null);
    assert.deepEqual([backend.removed, backend.queries], [[], []]);
  });

  it('should come from the checks that create something', () => {
    const ids = CREATING.map(({ id }) => id);
    for (const id of [
      'failover/ai/pod-crash',
      'scaling/ai/up',
      'telemetry/traces/complete',
      'telemetry/correlation',
    ])
      assert.ok(ids.includes(id), id);
    for (const id of ['topology/edge/path', 'failover/backend/pod-crash', 'performance/api/latency'])
      assert.ok(!ids.includes(id), id);
  });
});
