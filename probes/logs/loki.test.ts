/** Answers of Loki 3 as its documentation has them (docs/sources/reference/loki-http-api.md, August 2026); its errors as its source words them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telemetry } from '../signals/declaration.ts';
import { why } from '../signals/_testing/errors.ts';
import { standIn } from '../signals/_testing/server.ts';
import type { Asked, Said } from '../signals/_testing/server.ts';
import { logProbe } from './index.ts';
import type { LogProbe } from './index.ts';

const BOUNDS = { deadlineMs: 5_000 };
const SEARCH = { fromMs: 1_000, toMs: 2_000, correlationId: 'run/', most: 10_000 };
const POD = { namespace: 'shop', name: 'api-0' };
const labelled = (...data: string[]): Said => ({ body: { status: 'success', data } });
const LABELS = labelled('namespace', 'pod', 'container', 'node_name');

type Stream = [labels: Record<string, string>, values: [ns: string, line: string][]];
const found = (...result: Stream[]): Said => ({
  body: {
    status: 'success',
    data: {
      resultType: 'streams',
      result: result.map(([stream, values]) => ({ stream, values })),
      stats: {},
    },
  },
});

const parameters = ({ path }: Asked) => new URL(path, 'http://x').searchParams;

/** @param asked searches alone */
async function withProbe(
  answer: (asked: Asked) => Said,
  work: (probe: LogProbe, asked: Asked[]) => Promise<void>,
  { labels = LABELS, ...declared }: { labels?: Said; [key: string]: unknown } = {},
): Promise<void> {
  const searches: Asked[] = [];
  const server = await standIn((asked) => {
    if (asked.path.startsWith('/loki/api/v1/labels')) return labels;
    searches.push(asked);
    return answer(asked);
  });
  const { logs } = telemetry.parse({ logs: { kind: 'loki', url: server.url, ...declared } });
  const probe = logProbe(logs ?? assert.fail('no logs'), { url: server.url });
  try {
    await work(probe, searches);
  } finally {
    probe.close();
    await server.close();
  }
}

const STREAM = { namespace: 'shop', pod: 'api-0', node_name: 'w1', app: 'api' };

test('should look for lines by their text, and read fields from labels or from the line of JSON', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const line = '{"mark":"run/7","service":"api","n":12}';
  await withProbe(
    () => found([{ ...STREAM, trace_id: trace }, [['1700000000000500000', line]]]),
    async (probe, [...none]) => {
      assert.deepEqual(none, []);
      const [record, ...more] = await probe.search(SEARCH, BOUNDS);
      assert.deepEqual(more, []);
      assert.deepEqual(
        { ...record, id: '' },
        {
          id: '',
          timeMs: 1_700_000_000_000.5,
          message: line,
          service: 'api',
          traceId: trace,
          correlationId: 'run/7',
          number: 12,
          node: 'w1',
          namespace: 'shop',
          pod: 'api-0',
        },
      );
    },
  );
});

test('should ask for a time in ns whose end is included, oldest first', async () => {
  await withProbe(
    () => found(),
    async (probe, asked) => {
      await probe.search(SEARCH, BOUNDS);
      assert.deepEqual(Object.fromEntries(parameters(asked[0] ?? assert.fail())), {
        query: '{namespace=~".+"} |= "run/"',
        start: '1000000000',
        end: '2001000000',
        limit: '5000',
        direction: 'forward',
      });
    },
  );
});

test('should ask for a pod by its labels, within the declared streams', async () => {
  await withProbe(
    () => found([STREAM, [['1', 'plain words']]]),
    async (probe, asked) => {
      const [record] = await probe.search({ fromMs: 0, toMs: 1, pod: POD, most: 10 }, BOUNDS);
      assert.equal(record?.message, 'plain words');
      const { query } = Object.fromEntries(parameters(asked[0] ?? assert.fail()));
      assert.equal(query, '{cluster="a", k8s_namespace="shop", pod="api-0"}');
    },
    {
      selector: '{cluster="a"}',
      fields: { namespace: 'k8s_namespace' },
      labels: labelled('cluster', 'k8s_namespace', 'pod'),
    },
  );
});

test('should ask for a pod by structured metadata where no stream has such a label', async () => {
  const search = { fromMs: 0, toMs: 1, pod: POD, most: 10 };
  const asks: [labels: string[], declared: object, query: string][] = [
    [['namespace'], {}, '{namespace=~".+", namespace="shop"} | pod = "api-0"'],
    [['cluster'], { selector: '{cluster="a"}' }, '{cluster="a"} | namespace = "shop" | pod = "api-0"'],
  ];
  for (const [labels, declared, wanted] of asks)
    await withProbe(
      () => found([STREAM, [['1', 'plain words']]]),
      async (probe, asked) => {
        const [record] = await probe.search(search, BOUNDS);
        assert.deepEqual([record?.message, record?.pod], ['plain words', 'api-0']);
        assert.deepEqual(
          asked.map((one) => parameters(one).get('query')),
          [wanted],
        );
      },
      { ...declared, labels: labelled(...labels) },
    );
});

test('should take nothing for nothing where a pod is in structured metadata only if any line has it', async () => {
  const search = { fromMs: 7_200_000, toMs: 7_201_000, pod: POD, most: 10 };
  const others: Stream = [{ ...STREAM, pod: 'api-1' }, [['1', 'plain words']]];
  const isAny = (asked: Asked): boolean => /\| pod != ""$/.test(parameters(asked).get('query') ?? '');
  await withProbe(
    (asked) => (isAny(asked) ? found(others) : found()),
    async (probe, asked) => {
      assert.deepEqual(await probe.search(search, BOUNDS), []);
      const { query, start, limit } = Object.fromEntries(parameters(asked[1] ?? assert.fail()));
      assert.deepEqual([query, start, limit], ['{namespace=~".+"} | pod != ""', '3600000000000', '1']);
    },
    { labels: labelled('namespace') },
  );
});

test('should want a selector where no stream has the label of the namespace', async () => {
  for (const one of [{ correlationId: 'run/' }, { pod: POD }])
    await withProbe(
      () => found(),
      (probe) =>
        assert.rejects(
          probe.search({ fromMs: 0, toMs: 1, most: 1, ...one }, BOUNDS),
          why(
            /^failed: .*no stream has the label `namespace` .*, and telemetry\.logs\.selector names no other; there is cluster$/,
          ),
        ),
      { labels: labelled('cluster') },
    );
  await withProbe(
    () => found(),
    async (probe) => assert.deepEqual(await probe.search(SEARCH, BOUNDS), []),
    { labels: labelled('cluster'), selector: '{cluster="a"}' },
  );
});

test('should search by a label where one is declared for the query', async () => {
  await withProbe(
    () => found(),
    async (probe, asked) => {
      await probe.search({ ...SEARCH, correlationId: 'a.b/' }, BOUNDS);
      const { query } = Object.fromEntries(parameters(asked[0] ?? assert.fail()));
      assert.equal(query, '{namespace=~".+"} | request_id =~ "a\\\\.b/.*"');
    },
    { fields: { correlationId: { query: 'request_id' } } },
  );
});

test('should send the name of the tenant, and say that the server wants one', async () => {
  await withProbe(
    () => found(),
    async (probe, asked) => {
      await probe.search(SEARCH, BOUNDS);
      assert.equal(asked[0]?.tenant, 'shop-team');
    },
    { tenant: 'shop-team' },
  );
  await withProbe(
    () => ({ status: 401, body: 'no org id' }),
    (probe) => assert.rejects(probe.search(SEARCH, BOUNDS), why(/^refused: .*wants the name of a tenant/)),
  );
});

test('should take nothing for nothing only where the tenant has streams, and those the declared labels', async () => {
  await withProbe(
    () => found(),
    async (probe) => assert.deepEqual(await probe.search(SEARCH, BOUNDS), []),
  );
  // Loki leaves `data` out where a tenant has none.
  for (const body of [{ status: 'success' }, { status: 'success', data: [] }])
    await withProbe(
      () => found(),
      (probe) =>
        assert.rejects(
          probe.search(SEARCH, BOUNDS),
          why(
            /^failed: .*no stream of the tenant a has come in the last hour: another tenant \(telemetry\.logs\.tenant\)/,
          ),
        ),
      { tenant: 'a', labels: { body } },
    );
  await withProbe(
    () => found(),
    (probe) =>
      assert.rejects(
        probe.search({ fromMs: 0, toMs: 1, pod: POD, most: 1 }, BOUNDS),
        why(
          /no stream has the label `pod` \(telemetry\.logs\.fields\.pod\), and no line has it in its structured metadata; there is k8s_pod_name, namespace$/,
        ),
      ),
    { labels: labelled('k8s_pod_name', 'namespace') },
  );
});

test('should keep to the limit of the server, and ask for each half of the time where more match', async () => {
  const page = (count: number, at: string) =>
    found([
      STREAM,
      Array.from({ length: count }, (_, n): [string, string] => [`${at}${n}`, `{"mark":"run/${at}${n}"}`]),
    ]);
  const refused = 'max entries limit per query exceeded, limit > max_entries_limit_per_query (5000 > 3)';
  await withProbe(
    (asked) => {
      const { limit, start, end } = Object.fromEntries(parameters(asked));
      if (Number(limit) > 3) return { status: 400, body: refused };
      return Number(end) - Number(start) > 600_000_000 ? page(3, '9') : page(2, start ?? '');
    },
    async (probe, asked) => {
      assert.equal((await probe.search(SEARCH, BOUNDS)).length, 4);
      assert.equal(asked.length, 4);
      await assert.rejects(
        probe.search({ ...SEARCH, most: 3 }, BOUNDS),
        why(/more records match than the expected maximum of 3/),
      );
    },
  );
});

test('should take a partial answer, a refusal and another kind of answer for no answer', async () => {
  const partial = { ...(found().body as object), warnings: ['a shard is not there'] };
  await withProbe(
    () => ({ body: partial }),
    (probe) => assert.rejects(probe.search(SEARCH, BOUNDS), why(/^failed: .*may be partial: a shard/)),
  );
  await withProbe(
    () => ({ status: 429, body: 'too many outstanding requests' }),
    (probe) =>
      assert.rejects(probe.search(SEARCH, BOUNDS), why(/^failed: .*429: too many outstanding requests/)),
  );
  const matrix = { status: 'success', data: { resultType: 'matrix', result: [] } };
  await withProbe(
    () => ({ body: matrix }),
    (probe) => assert.rejects(probe.search(SEARCH, BOUNDS), why(/^unreachable: .*not as documented/)),
  );
});

test('should leave out lines that only name the id, and say where the id is if it is elsewhere', async () => {
  const access = 'GET /orders run/7 200';
  await withProbe(
    () => found([STREAM, [['1', access]]]),
    async (probe) => assert.deepEqual(await probe.search(SEARCH, BOUNDS), []),
  );
  await withProbe(
    () => found([STREAM, [['1', '{"request":{"id":"run/7"}}']]]),
    (probe) =>
      assert.rejects(
        probe.search(SEARCH, BOUNDS),
        why(/^absent: .*no record has `mark` .*; such a value stands at `request\.id`$/),
      ),
  );
});

test('should read a line of JSON behind what a container runtime puts before it, and tell equal lines by their time and stream', async () => {
  const line = '2026-01-02T03:04:05.6Z stdout F {"mark":"run/1"}';
  await withProbe(
    () =>
      found(
        [
          STREAM,
          [
            ['1', line],
            ['2', line],
          ],
        ],
        [{ ...STREAM, stream: 'stderr' }, [['1', line]]],
      ),
    async (probe) => {
      const records = await probe.search(SEARCH, BOUNDS);
      assert.deepEqual(
        records.map(({ correlationId }) => correlationId),
        ['run/1', 'run/1', 'run/1'],
      );
      assert.equal(new Set(records.map(({ id }) => id)).size, 3);
    },
  );
});

test('should find lines by the beginning of a trace id, in their text or in structured metadata', async () => {
  const begin = '0af7651916cd43dd';
  const trace = `${begin}8448eb211c80319c`;
  const search = { fromMs: 1_000, toMs: 2_000, traceId: begin, most: 10 };
  await withProbe(
    () =>
      found([
        STREAM,
        [
          ['1', `{"traceId":"${trace}"}`],
          ['2', `GET /orders traceparent=00-${trace}-00f067aa0ba902b7-01`],
        ],
      ]),
    async (probe, asked) => {
      const records = await probe.search(search, BOUNDS);
      assert.deepEqual(
        records.map(({ traceId }) => traceId),
        [trace],
      );
      assert.equal(parameters(asked[0] ?? assert.fail()).get('query'), `{namespace=~".+"} |= "${begin}"`);
    },
    { fields: { traceId: 'traceId' } },
  );
  await withProbe(
    () => found([{ ...STREAM, trace_id: trace }, [['1', 'plain words']]]),
    async (probe, asked) => {
      assert.equal((await probe.search(search, BOUNDS))[0]?.traceId, trace);
      assert.equal(
        parameters(asked[0] ?? assert.fail()).get('query'),
        `{namespace=~".+"} | trace_id =~ "${begin}.*"`,
      );
    },
    { fields: { traceId: { source: 'trace_id', query: 'trace_id' } } },
  );
  await withProbe(
    () => found([STREAM, [['1', `{"trace":{"id":"${trace}"}}`]]]),
    (probe) =>
      assert.rejects(
        probe.search(search, BOUNDS),
        why(/^absent: .*no record has `trace_id` .*; such a value stands at `trace\.id`$/),
      ),
  );
});

test('should take no refusal, login page or gateway for a store without lines', async () => {
  const others: [Said, RegExp][] = [
    [{ status: 401, body: 'no org id' }, /^refused: .*wants the name of a tenant/],
    [{ status: 403, body: 'tenant shop-team is not allowed' }, /^refused: .*wants the name of a tenant/],
    [{ status: 403, body: { message: 'Forbidden' } }, /^refused: .*Forbidden/],
    [
      { status: 302, location: '/oauth2/sign_in', body: '' },
      /redirects to \/oauth2\/sign_in, as to a login page/,
    ],
    [{ body: '<!doctype html><html></html>' }, /a web page answers where JSON was expected/],
    [{ status: 404, body: { message: 'no Route matched' } }, /^failed: .*404.*no Route matched/],
    [{ status: 504, body: 'upstream request timeout' }, /^failed: .*504/],
  ];
  for (const [said, wanted] of others)
    await withProbe(
      () => said,
      (probe) => assert.rejects(probe.search(SEARCH, BOUNDS), why(wanted)),
      { tenant: 'shop-team' },
    );
});
