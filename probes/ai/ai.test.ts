import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { ai } from './declaration.ts';
import { vectorCounts } from './effects.ts';
import { READ, targetAt } from '../application/_testing/contracts.ts';
import { followJobs } from './jobs.ts';
import { tellStandIn } from './stand-in.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function serve(answer: Answer): Promise<number> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer(request, response, Buffer.concat(parts).toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const signal = new AbortController().signal;

describe('jobs that are followed', () => {
  /** Tenders by their id; each look may change them. */
  async function follow(
    ids: string[],
    stateOf: (id: string, look: number) => { status: number; body: string } | null,
    deadlineMs = 5_000,
  ): Promise<Awaited<ReturnType<typeof followJobs>>> {
    const looks = new Map<string, number>();
    const port = await serve(({ url }, response) => {
      const id = url?.split('/').at(-1) ?? '';
      assert.match(url ?? '', /^\/api\/tenders\//);
      const look = (looks.get(id) ?? 0) + 1;
      looks.set(id, look);
      const seen = stateOf(id, look);
      if (seen === null) response.destroy();
      else response.writeHead(seen.status).end(seen.body);
    });
    const target = {
      ...targetAt(port, 'http://edge.test/api'),
      // These answers repeat no header.
      contract: { follow: 'none', proof: 'none' } as const,
      request: READ,
      run: 'run-1/read',
      answerMs: 500,
    };
    return followJobs(target, ids, { deadlineMs, signal });
  }
  const is = (status: string): { status: number; body: string } => ({
    status: 200,
    body: JSON.stringify({ id: 'x', status }),
  });

  it('should ask until each has come to its end, and not ask for one that has', async () => {
    const asked: string[] = [];
    const { states, waitedMs, trouble } = await follow(['1', '2', '3'], (id, look) => {
      asked.push(id);
      if (id === '1') return is('done');
      if (id === '2') return is('degraded');
      return is(look < 2 ? 'accepted' : 'failed');
    });
    assert.deepEqual(
      [...states],
      [
        ['1', 'done'],
        ['2', 'degraded'],
        ['3', 'failed'],
      ],
    );
    assert.deepEqual(asked.toSorted(), ['1', '2', '3', '3']);
    assert.equal(trouble, '');
    assert.ok(waitedMs >= 1000 && waitedMs < 4000, String(waitedMs));
  });

  it('should say at the deadline what is open, unknown, or could not be read', async () => {
    const { states, trouble } = await follow(
      ['open', 'gone', 'broken', 'strange', 'cut'],
      (id) => {
        if (id === 'open') return is('accepted');
        if (id === 'gone') return { status: 404, body: '{}' };
        if (id === 'strange') return is('lost in thought');
        return id === 'cut' ? null : { status: 502, body: '' };
      },
      10,
    );
    assert.deepEqual(Object.fromEntries(states), {
      open: 'accepted',
      gone: 'missing',
      broken: 'unread',
      strange: 'unread',
      cut: 'unread',
    });
    assert.notEqual(trouble, '');
  });

  it('should have nothing to wait for without jobs', async () => {
    const { states, waitedMs } = await follow([], () => null);
    assert.equal(states.size, 0);
    assert.ok(waitedMs < 500);
  });
});

describe('what jobs leave in Elasticsearch', () => {
  const names = { index: 'tenders', field: 'tender_id', label: 'Tender', property: 'id' };
  const counts = async (answer: Answer, field = 'tender_id'): ReturnType<typeof vectorCounts> => {
    const port = await serve((request, response, body) => {
      response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
      answer(request, response, body);
    });
    const connection = { host: '127.0.0.1', port, database: '', user: 'u', password: 'p' };
    return vectorCounts(connection, { ...names, field }, ['1', '2', '3'], { deadlineMs: 2000 });
  };
  const shards = { total: 3, successful: 3, failed: 0 };

  it('should be counted by the id of the tender, after a refresh', async () => {
    const asked: string[] = [];
    const found = await counts(({ url = '' }, response, body) => {
      asked.push(url.replace(/\?.*/, ''));
      if (url.endsWith('_refresh')) response.end('{}');
      else {
        const { query } = JSON.parse(body) as { query: unknown };
        assert.deepEqual(query, { terms: { tender_id: ['1', '2', '3'] } });
        const buckets = [
          { key: '1', doc_count: 1 },
          { key: 2, doc_count: 2 },
        ];
        response.end(
          JSON.stringify({ timed_out: false, _shards: shards, aggregations: { ids: { buckets } } }),
        );
      }
    });
    assert.deepEqual(
      [...found],
      [
        ['1', 1],
        ['2', 2],
      ],
    );
    assert.deepEqual(asked, ['/tenders/_refresh', '/tenders/_search']);
  });

  it('should be listed where documents are named after their tender', async () => {
    const found = await counts(({ url = '' }, response, body) => {
      if (url.endsWith('_refresh')) response.end('{}');
      else {
        const asked = JSON.parse(body) as unknown;
        assert.deepEqual(asked, { size: 3, _source: false, query: { ids: { values: ['1', '2', '3'] } } });
        const hits = { hits: [{ _id: '1' }, { _id: '3' }] };
        response.end(JSON.stringify({ timed_out: false, _shards: shards, hits }));
      }
    }, '_id');
    assert.deepEqual(
      [...found],
      [
        ['1', 1],
        ['3', 1],
      ],
    );
  });

  it('should not be taken for nothing when shards are missing, and be nothing without an index', async () => {
    await assert.rejects(
      counts(({ url = '' }, response) => {
        const body = { timed_out: false, _shards: { ...shards, successful: 2 } };
        response.end(url.endsWith('_refresh') ? '{}' : JSON.stringify(body));
      }),
      /2 of 3 shards answered/,
    );
    const none = await counts((_, response) => {
      response
        .writeHead(404)
        .end(JSON.stringify({ error: { type: 'index_not_found_exception', reason: 'no such index' } }));
    });
    assert.equal(none.size, 0);
  });
});

describe("the model's stand-in", () => {
  const behaviour = { delayMs: 0, status: 429, failRatio: 0 };
  it('should be told what to do, and its refusal be an error', async () => {
    const told: string[] = [];
    const port = await serve(({ method, url }, response, body) => {
      told.push(`${method ?? ''} ${url ?? ''} ${body}`);
      response.writeHead(told.length === 1 ? 204 : 400).end('no');
    });
    const url = `http://127.0.0.1:${port}/base/`;
    await tellStandIn(url, behaviour, { deadlineMs: 1000 });
    assert.deepEqual(told, [`PUT /base/control ${JSON.stringify(behaviour)}`]);
    await assert.rejects(tellStandIn(url, behaviour, { deadlineMs: 1000 }), /answers 400: no/);
  });

  it('should be declared by an http:// URL, as it is told by plain HTTP', () => {
    const declare = (url: string) =>
      ai.shape.llm.safeParse({ control: { url } }).error?.issues.map(({ message }) => message);
    assert.equal(declare('http://model.example.com:8080/base'), undefined);
    for (const url of ['https://model.example.com', 'ftp://model.example.com'])
      assert.deepEqual(declare(url), ['an http:// URL: the stand-in is told by plain HTTP'], url);
  });
});
