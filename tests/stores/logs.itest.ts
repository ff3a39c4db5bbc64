/** The adapter of logs against Elasticsearch and OpenSearch, each one node, with mappings as templates and dynamic mapping make them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { askOnce } from '../../host/http.ts';
import { logProbe } from '../../probes/logs/index.ts';
import type { LogProbe } from '../../probes/logs/index.ts';
import { telemetry } from '../../probes/signals/declaration.ts';
import { SignalError } from '../../probes/signals/index.ts';
import { ELASTICSEARCH, ElasticsearchCluster, OPENSEARCH } from './elasticsearch-cluster.ts';
import type { Distribution } from './elasticsearch-cluster.ts';

const BOUNDS = { deadlineMs: 20_000 };
const NOW = Date.now();
const RUN = 'run/';
const POD = { namespace: 'shop', name: 'api-0' };

const whole = { type: 'keyword' };
/** Mappings by index: of a template, of none at all, and of one who did not think of searching. */
const MAPPINGS: Readonly<Record<string, object>> = {
  'mapped-1': {
    properties: {
      '@timestamp': { type: 'date' },
      mark: whole,
      kubernetes: { properties: { namespace: whole, pod: whole } },
    },
  },
  'dynamic-1': {},
  'words-1': { properties: { mark: { type: 'text' } } },
  'hidden-1': { properties: { mark: { type: 'keyword', index: false, doc_values: false } } },
};

function record(n: number, ageMs = 0): object {
  return {
    '@timestamp': new Date(NOW - ageMs).toISOString(),
    message: `line ${n}`,
    service: 'api',
    mark: `${RUN}${n}`,
    n,
    trace_id: 'ab',
    kubernetes: { namespace: POD.namespace, pod: POD.name, node: 'w1' },
  };
}

function logsTrial(distribution: Distribution, kind: string): void {
  describe(`logs in ${distribution.name}`, () => {
    let cluster: ElasticsearchCluster;
    let url: string;
    const call = async (method: string, path: string, body: object): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const question = { path, method, headers, body: JSON.stringify(body) };
      const { status, text } = await askOnce({ url }, question, { deadlineMs: 30_000 });
      assert.ok(status >= 200 && status <= 299, `${method} ${path}: ${status} ${text}`);
    };
    const probeOf = (index: string, fields: object = {}): LogProbe => {
      const { logs } = telemetry.parse({ logs: { kind, url, index, fields } });
      return logProbe(logs ?? assert.fail('no logs'), { url });
    };
    const search = { fromMs: NOW - 60_000, toMs: NOW + 60_000, most: 100 };
    async function found(index: string, fields: object = {}): Promise<string[]> {
      const probe = probeOf(index, fields);
      try {
        const byId = await probe.search({ ...search, correlationId: RUN }, BOUNDS);
        const byPod = await probe.search({ ...search, pod: POD }, BOUNDS);
        assert.deepEqual(byPod, byId);
        return byId.map(({ message, number, pod }) => `${message}, ${number}, ${pod}`);
      } finally {
        probe.close();
      }
    }
    async function why(index: string, fields: object = {}): Promise<string> {
      return found(index, fields).then(
        () => assert.fail('it searched'),
        (error: unknown) => {
          assert.ok(error instanceof SignalError, String(error));
          return error.message;
        },
      );
    }

    before(async () => {
      cluster = await ElasticsearchCluster.start(
        distribution,
        { one: [distribution.master, 'data', 'ingest'] },
        0,
      );
      const { host, port } = cluster.target.connection;
      url = `http://${host}:${port}`;
      const settings = { number_of_shards: 1, number_of_replicas: 0 };
      for (const [index, mappings] of Object.entries(MAPPINGS)) {
        await call('PUT', `/${index}`, { settings, mappings });
        for (const [n, ageMs] of [[1, 1_000] as const, [2, 0] as const])
          await call('POST', `/${index}/_doc?refresh=true`, record(n, ageMs));
      }
    });
    after(async () => {
      await cluster.stop();
    });

    const BOTH = ['line 1, 1, api-0', 'line 2, 2, api-0'];

    it('should find records by id and by pod where a template maps them, and where nothing does', async () => {
      assert.deepEqual(await found('mapped-*'), BOTH);
      assert.deepEqual(await found('dynamic-*'), BOTH);
    });

    it('should say the types where the mappings of indices differ', async () => {
      assert.match(
        await why('mapped-*,dynamic-*'),
        /`mark` is .*(keyword in mapped-1.*text in dynamic-1|text in dynamic-1.*keyword in mapped-1).*; `mark\.keyword` is keyword in dynamic-1$/,
      );
    });

    it('should find none of another id, none of another time, and none of another pod', async () => {
      const probe = probeOf('mapped-*');
      for (const other of [
        { correlationId: 'nobody/' },
        { correlationId: RUN, fromMs: NOW - 50_000, toMs: NOW - 40_000 },
        { pod: { ...POD, name: 'api-1' } },
      ])
        assert.deepEqual(await probe.search({ ...search, ...other }, BOUNDS), []);
      probe.close();
    });

    it('should say of fields that cannot be searched, or are not there, which and what is', async () => {
      assert.match(await why('words-*'), /takes a field that is kept whole .*; `mark` is text; /);
      assert.match(
        await why('hidden-*'),
        /takes a field that is kept whole .*; `mark` is keyword that is not/,
      );
      assert.match(
        await why('dynamic-*', { correlationId: 'request_id' }),
        /no field `request_id` .* in dynamic-\*; there is .*mark/,
      );
      assert.match(
        await why('mapped-*', { time: 'kubernetes' }),
        /no field `kubernetes` .*; there is kubernetes\.pod/,
      );
    });

    it('should say where records have what none has at the declared place', async () => {
      const fields = { correlationId: { source: 'json.mark', query: 'mark' } };
      assert.match(
        await why('mapped-*', fields),
        /no record has `json\.mark` .*such a value stands at `mark`/,
      );
    });

    it('should name the indices that are there where none is called so', async () => {
      assert.match(
        await why('logs-*'),
        /no index is called logs-\* .*; there is dynamic-1, hidden-1, mapped-1, words-1/,
      );
    });
  });
}

logsTrial(ELASTICSEARCH, 'elasticsearch');
logsTrial(OPENSEARCH, 'opensearch');
