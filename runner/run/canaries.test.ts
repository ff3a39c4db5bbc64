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
  find = '/api/orders?name={prefix}';
  /** Its keys are numbers. */
  numbered = false;
  /** It shows what there is only with each look of so many, and what there was with the others. */
  shownEvery = 1;
  /** Statuses of the next requests to remove something, in place of removing it. */
  readonly turnedAway: number[] = [];
  /** Of the removal. */
  seconds = 10;
  #shown: [string, string | number | null][] = [];
  broken = false;
  #url = '';

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      request.resume();
      const [path = '', query = ''] = (request.url ?? '').split('?');
      const id = decodeURIComponent(path.split('/')[3] ?? '');
      if (this.broken) response.writeHead(503).end();
      else if (request.method === 'DELETE')
        response.writeHead(this.turnedAway.shift() ?? this.#remove(id), { 'retry-after': '2' }).end();
      else {
        if (this.queries.push(decodeURIComponent(query)) % this.shownEvery === 1 % this.shownEvery)
          this.#shown = [...this.things];
        const content = this.#shown.slice(0, this.page).map(([key, name]) => ({ key, name }));
        const text = JSON.stringify({ content });
        response.end(this.numbered ? text.replace(/"key":"(\d+)"/g, '"key":$1') : text);
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
          method: 'POST',
          path: '/api/orders',
          body: { name: '{title}' },
          status: 201,
          id: { pointer: '/key' },
        },
        find: { ...list, path: this.find, entries: { list: '/content', id: '/key', title: '/name' } },
        remove: { method: 'DELETE', path: '/api/orders/{id}', status: 204 },
      },
      ...more,
    });
    const edge = { url: this.#url, trust: 'system', hops: [] };
    const timeouts = { canariesRemoved: { seconds: this.seconds }, edgeRequest: { seconds: 5 } };
    return { application, topology: { edge }, timeouts } as unknown as Environment;
  }
}

const CREATING = catalogue().filter((row) => createsThroughEdge(row));
const DRAFTING = catalogue().filter(({ id }) => /^(performance\/ai\/|integrations\/llm$)/.test(id));

function remove(environment: Environment, when: 'before' | 'after' = 'before', rows = CREATING) {
  const unread = (): Promise<never> => Promise.reject(new Error('no secrets here'));
  const secrets = { secret: unread, reread: unread, keep: () => undefined };
  const runner = { runState: { environment }, application: new ApplicationAccess(environment, secrets) };
  const { signal } = new AbortController();
  const planned = rows.map((row) => ({ row }));
  return removeCanariesOf(runner as unknown as Parameters<typeof removeCanariesOf>[0], {
    planned,
    when,
    signal,
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

  it('should be removed by ids of more digits than a number holds, and nothing with an id near them', async () => {
    const backend = await new Backend().start();
    backend.numbered = true;
    backend.things.set('1234567890123456789', 'Plumbline canary run-1/1');
    backend.things.set('1234567890123456800', 'Order of somebody');
    assert.match((await remove(backend.environment(), 'after')) ?? '', /: 1 removed$/);
    assert.deepEqual([...backend.things.keys()], ['1234567890123456800']);
  });

  it('should be said to stay where their entries have no id', async () => {
    const backend = await new Backend().start();
    backend.things.set('', 'Plumbline canary run-1/1');
    assert.match((await remove(backend.environment())) ?? '', /: entries of canaries have no id at "\/key" /);
  });

  it('should be said to be unseen behind a page of others, where nobody asks for canaries alone', async () => {
    const backend = await new Backend().start();
    [backend.find, backend.page] = ['/api/orders?size=12', 12];
    for (let n = 1; n <= 12; n++) backend.things.set(`other/${n}`, 'Order of somebody');
    for (let n = 1; n <= 30; n++) backend.things.set(`own/${n}`, `Plumbline canary run-1/${n}`);
    assert.equal(await remove(backend.environment()), null);
    assert.equal(
      await remove(backend.environment(), 'after'),
      'canaries created through the edge: application.requests.find has no {prefix}: the last 12 entries that it listed were others, and what is further down its list was not seen (their titles begin with "Plumbline canary ")',
    );
    backend.page = 9;
    assert.equal(await remove(backend.environment(), 'after'), null, 'so few are no page');
  });

  it('should be removed page by page from a list that lags behind, or be said to be unseen there', async () => {
    const backend = await new Backend().start();
    [backend.page, backend.shownEvery] = [10, 2];
    for (let n = 1; n <= 20; n++) backend.things.set(String(n), `Plumbline canary run-1/${n}`);
    assert.match((await remove(backend.environment(), 'after')) ?? '', /: 20 removed$/);
    assert.equal(backend.removed.length, 20, 'each is removed once');

    const kept = await new Backend().start();
    [kept.page, kept.shownEvery, kept.seconds] = [10, Infinity, 1];
    for (let n = 1; n <= 20; n++) kept.things.set(String(n), `Plumbline canary run-1/${n}`);
    assert.match(
      (await remove(kept.environment(), 'after')) ?? '',
      /: 10 removed; application\.requests\.find still lists what was removed, and what is further down/,
    );
  });

  it('should be removed in spite of a rate limit and a token that was revoked, in the time that there is', async () => {
    const backend = await new Backend().start();
    for (let n = 1; n <= 8; n++) backend.things.set(String(n), `Plumbline canary run-1/${n}`);
    backend.turnedAway.push(429, 429, 429, 429, 401);
    const startMs = performance.now();
    assert.match((await remove(backend.environment(), 'after')) ?? '', /: 8 removed$/);
    assert.ok(performance.now() - startMs >= 1_900, 'as long as Retry-After asks for');

    for (let n = 1; n <= 8; n++) backend.things.set(String(n), `Plumbline canary run-1/${n}`);
    backend.turnedAway.push(...Array<number>(8).fill(429));
    backend.seconds = 1;
    assert.match(
      (await remove(backend.environment(), 'after')) ?? '',
      /: 8 could not be removed; not done within 1 s; application\.requests\.remove: rate-limit: status 429, retry after 2 s /,
    );
    assert.equal(backend.turnedAway.length, 4, 'nothing more is asked then');
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

  it('should be removed after a run that asks for drafts alone, unless the request changes nothing', async () => {
    const backend = await new Backend().start();
    backend.things.set('1', 'Plumbline canary integrations/llm/usual/1');
    const { application, ...rest } = backend.environment();
    assert.ok(application !== undefined && DRAFTING.length > 3);
    const drafting = (method: string, more: object = {}): Environment => {
      const draft = { method, path: '/api/drafts', status: [200], expects: [] };
      return {
        ...rest,
        application: { ...application, requests: { ...application.requests, draft, ...more } },
      } as unknown as Environment;
    };
    assert.equal(await remove(drafting('GET'), 'after', DRAFTING), null);
    assert.match((await remove(drafting('POST'), 'after', DRAFTING)) ?? '', /: 1 removed$/);
    assert.match(
      (await remove(drafting('POST', { find: undefined }), 'after', DRAFTING)) ?? '',
      /^What drafts may have created through the edge stays there, with titles that begin with "Plumbline /,
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
