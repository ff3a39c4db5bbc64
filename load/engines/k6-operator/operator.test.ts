import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import {
  loadResultSchema,
  type LoadResult,
  type LoadSecond,
} from '../../../reports/record/details/load-result.ts';
import type { LoadListener, LoadRequest } from '../engine.ts';
import { OperatorEngine, type OperatorOptions } from './index.ts';
import { ApiServer, type Behaviour, type Pod } from './_testing/api-server.ts';
import { podLog } from './_testing/pod-log.ts';

const SCRIPT = `import { rate } from './settings.ts';
export const options: { scenarios: object; thresholds: object } = {
  scenarios: { steady: { executor: 'constant-arrival-rate', rate } },
  thresholds: { http_req_duration: ['p(95)<500'], 'http_req_duration{name:never}': ['p(75)<9'] },
};
export default function steady(): void {}
`;

let api: ApiServer;
let client: KubeClient;
let stop: () => void;
let folder: string;
let script: string;
before(async () => {
  ({ api, client, stop } = await ApiServer.start());
  folder = await mkdtemp(join(tmpdir(), 'plumbline-operator-'));
  script = join(folder, 'steady.ts');
  await writeFile(script, SCRIPT);
  await writeFile(join(folder, 'settings.ts'), 'export const rate: number = 5;\n');
});
after(async () => {
  stop();
  await rm(folder, { recursive: true });
});

interface Case extends Partial<LoadRequest> {
  behaviour?: Behaviour;
  listener?: LoadListener;
  signal?: AbortSignal;
  options?: LoadRequest['options'];
  engine?: Partial<OperatorOptions>;
}

/** Creates and deletes objects directly, without recording rollbacks. */
function directly(of: KubeClient): OperatorOptions['objects'] {
  return {
    create: async (object, signal) => {
      await of.create(object, { signal });
    },
    remove: (ref) => of.delete(ref),
  };
}

async function run(how: Case): Promise<LoadResult> {
  const {
    behaviour = {},
    listener = {},
    signal = new AbortController().signal,
    engine = {},
    ...request
  } = how;
  api.reset(behaviour);
  const timeouts = { pollMs: 5, startMs: 5000, uncountedMs: 5000, cleanUpMs: 60, ...engine.timeouts };
  const made = new OperatorEngine({
    client,
    objects: directly(client),
    namespace: 'tender',
    check: 'performance.latency',
    parallelism: 2,
    image: 'k6:2.2.0',
    stubbed: true,
    ...engine,
    timeouts,
  });
  const result = await made.run(
    {
      script,
      variables: { RATE: '5' },
      limits: { requests: 1000, durationMs: 60_000 },
      ...request,
    },
    listener,
    signal,
  );
  return loadResultSchema.parse(result);
}

const logOf = (requests: number, p95: number, extra?: string[]): Promise<string> =>
  podLog(folder, requests, p95, extra);

async function twoPods(): Promise<Pod[]> {
  return [
    { exitCode: 0, log: await logOf(10, 100) },
    { exitCode: 99, log: await logOf(30, 300) },
  ];
}

describe('a load over many pods', () => {
  it('should be one result, with counts that add up and quantiles within their bounds', async () => {
    const told: LoadSecond[] = [];
    const result = await run({
      behaviour: { pods: await twoPods() },
      listener: { second: (each) => told.push(each) },
    });
    assert.deepEqual([result.outcome, result.reason], ['completed', '']);
    assert.deepEqual(result.engine, {
      name: 'k6-operator',
      version: 'k6:2.2.0',
      stubbed: true,
      latencyFrom: 'sent',
    });
    assert.deepEqual(result.requests, { count: 40, failed: 2 });
    assert.deepEqual(result.scenarios, [
      {
        name: 'steady',
        executor: 'constant-arrival-rate',
        offered: 44,
        iterations: 40,
        interrupted: 2,
        dropped: 2,
      },
    ]);
    const duration = result.metrics.http_req_duration;
    assert.ok(duration?.type === 'trend' && duration.buckets === undefined);
    assert.deepEqual([duration.count, duration.min, duration.avg, duration.max], [40, 1, 125, 600]);
    assert.deepEqual([duration.p95, duration.within?.p95], [300, [100, 300]]);
    assert.deepEqual(
      result.checks.map(({ group, passes, fails }) => [group, passes, fails]),
      [
        ['', 38, 2],
        ['::g', 2, 0],
      ],
    );
    assert.deepEqual(result.thresholds, [{ metric: 'http_req_duration', expression: 'p(95)<500', ok: true }]);
    assert.deepEqual(result.metrics.vus, { type: 'gauge', value: 4, min: 2, max: 6 });
    assert.ok(!('iterations{scenario:steady}' in result.metrics));
    assert.deepEqual(told, result.seconds);
    assert.doesNotMatch(JSON.stringify(result), /secret of the target/);
    assert.equal(api.objects.size, 0, 'nothing is left');
  });

  it('should create objects that have only fields of the CRD, all labelled', async () => {
    await run({
      behaviour: { pods: await twoPods() },
      ca: 'PEM',
      engine: { separate: true, starterImage: 's' },
    });
    assert.deepEqual(
      api.created.map(({ kind }) => kind),
      ['ConfigMap', 'TestRun'],
    );
    const [configMap, testRun] = api.created;
    for (const { metadata } of api.created) {
      assert.deepEqual(metadata.labels, {
        'app.kubernetes.io/managed-by': 'plumbline',
        'plumbline.dev/check': 'performance.latency',
      });
    }
    assert.deepEqual(Object.keys(configMap?.data as object).sort(), [
      'ca.crt',
      'plumbline-main.js',
      'settings.ts',
      'steady.ts',
    ]);
    const crd = parse(await readFile(new URL('./crd.yaml', import.meta.url), 'utf8')) as {
      spec: { versions: { schema: { openAPIV3Schema: object } }[] };
    };
    const schema = closed(crd.spec.versions[0]?.schema.openAPIV3Schema);
    const validate = new Ajv({ strict: false, formats: { int32: true } }).compile(schema as object);
    assert.ok(validate(testRun), JSON.stringify(validate.errors));
    const spec = testRun?.spec as { runner: { env: unknown[]; volumes: unknown[] }; parallelism: number };
    assert.equal(spec.parallelism, 2);
    assert.deepEqual(spec.runner.env, [
      { name: 'RATE', value: '5' },
      { name: 'SSL_CERT_FILE', value: '/plumbline-ca/ca.crt' },
    ]);
  });

  it('should begin when the operator says so, from when its seconds count', async () => {
    const begun: string[] = [];
    const result = await run({
      behaviour: { pods: await twoPods() },
      listener: { started: () => begun.push(`${new Date().toISOString()} after ${api.stages.join()}`) },
    });
    assert.equal(begun.length, 1);
    assert.match(begun[0] ?? '', / after ,initialization,initialized,created,started$/);
    assert.ok(result.startedAt <= (begun[0] ?? '') && result.startedAt > api.createdAt);
    const never = await run({
      behaviour: { stages: ['', 'error'], pods: await twoPods() },
      listener: { started: () => begun.push('never') },
    });
    assert.deepEqual([never.outcome, begun.length], ['failed', 1]);
  });

  it('should show the shell that reads the options no value that it could misread', async () => {
    const resources = { limits: { memory: '1Gi' } };
    await run({
      behaviour: { pods: await twoPods() },
      variables: {
        RATE: '5',
        DURATION: '30s',
        MAX_VUS: '250',
        CONTRACT: '{"prefix":"a"}',
        SHOWN: 'nobody is `shown`',
        BASE_URL: 'https://a.test',
        NONE: '',
      },
      ca: 'PEM',
      engine: { resources },
    });
    const { initializer } = api.created[1]?.spec as { initializer: { env: unknown[]; metadata: object } };
    assert.deepEqual(initializer, {
      image: 'k6:2.2.0',
      metadata: initializer.metadata,
      automountServiceAccountToken: 'false',
      env: [
        { name: 'DURATION', value: '30s' },
        { name: 'MAX_VUS', value: '250' },
        { name: 'RATE', value: '5' },
      ],
      resources,
    });
  });

  it('should take no secret variables', async () => {
    const result = await run({ variables: { TOKEN: 'hunter2' }, secrets: ['TOKEN'] });
    assert.match(result.reason, /no secret variables/);
    assert.deepEqual(api.created, []);
  });

  it('should be unavailable without the rights that it needs, naming what gives them', async () => {
    api.reset({ denied: ['pods/proxy'] });
    const engine = new OperatorEngine({
      client,
      objects: directly(client),
      namespace: 'a',
      check: 'c',
      parallelism: 1,
      image: 'i',
      stubbed: true,
    });
    assert.match((await engine.unavailable()) ?? '', /may not get pods\/proxy in a: bind plumbline-load/);
    api.reset({});
    assert.equal(await engine.unavailable(), null);
  });

  it('should be unavailable, and ask nothing, where its loads are of no use to the check', async () => {
    api.reset({});
    const engine = new OperatorEngine({
      client,
      objects: directly(client),
      namespace: 'a',
      check: 'c',
      parallelism: 1,
      image: 'i',
      stubbed: true,
      unfit: 'it judges latencies',
    });
    assert.equal(await engine.unavailable(), 'it judges latencies');
  });

  it('should be unavailable where nothing would delete its objects if this machine were gone', async () => {
    api.reset({});
    const saying = (whyLeft: () => Promise<string | null>): Promise<string | null> =>
      new OperatorEngine({
        client,
        objects: directly(client),
        namespace: 'a',
        check: 'c',
        parallelism: 1,
        image: 'i',
        stubbed: true,
        whyLeft,
      }).unavailable();
    assert.equal(await saying(() => Promise.resolve('there is no Job')), 'there is no Job');
    assert.equal(await saying(() => Promise.reject(new Error('no answer'))), 'no answer');
    assert.equal(await saying(() => Promise.resolve(null)), null);
  });

  it('should be unavailable where the cluster has no TestRun', async () => {
    const engine = (of: KubeClient): OperatorEngine =>
      new OperatorEngine({
        client: of,
        objects: directly(of),
        namespace: 'a',
        check: 'c',
        parallelism: 1,
        image: 'i',
        stubbed: true,
      });
    assert.equal(await engine(client).unavailable(), null);
    const answering = (status: number, body = '{}'): KubeClient =>
      ({ raw: () => Promise.resolve({ status, body }) }) as unknown as KubeClient;
    assert.match(
      (await engine(answering(404)).unavailable()) ?? '',
      /no TestRun of k6\.io\/v1alpha1: install/,
    );
    assert.match((await engine(answering(403)).unavailable()) ?? '', /does not say/);
    assert.match((await engine(answering(200)).unavailable()) ?? '', /no testruns/);
  });
});

/** The schema, made strict: objects may not have fields that it does not list. `metadata` is checked by the API server. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const own = Object.fromEntries(entries);
  return 'properties' in own && own.type === 'object' ? { ...own, additionalProperties: false } : own;
}

describe('a load over many pods that goes wrong', () => {
  const nothingLeft = (): void => assert.deepEqual([...api.objects.keys()], []);

  it('should say what was last seen when it never starts', async () => {
    const result = await run({
      behaviour: { stages: ['created'], pods: await twoPods() },
      engine: { timeouts: { startMs: 80 } },
    });
    assert.equal(result.outcome, 'failed');
    assert.match(
      result.reason,
      /TestRun tender\/plumbline-load-\w+ did not start within 80 ms; last seen: stage "created", 2 of 2 pods/,
    );
    nothingLeft();
  });

  it('should say so when the operator refuses the script', async () => {
    const result = await run({ behaviour: { stages: ['', 'initialization', 'error'] } });
    assert.match(result.reason, /stage "error"/);
    nothingLeft();
  });

  it('should take the worst of its pods for its ending, with the error of that pod', async () => {
    const [good] = await twoPods();
    assert.ok(good);
    const error = JSON.stringify({ level: 'error', msg: 'setup saw 503' });
    const cases: [Pod, string, RegExp][] = [
      [{ exitCode: 107, log: await logOf(1, 1, [error]) }, 'failed', /pod runner-1: .*threw.*setup saw 503/],
      [{ exitCode: 137, reason: 'OOMKilled', log: '' }, 'failed', /runner-1: k6 exceeded its memory limit/],
      [{ exitCode: 108, log: good.log }, 'aborted', /runner-1: the script ended the load/],
      [{ exitCode: 0, log: 'PLUMBLINE-SUMMARY-BEGIN\n{"metr' }, 'failed', /runner-1: no summary in its log/],
    ];
    for (const [pod, outcome, reason] of cases) {
      const result = await run({ behaviour: { pods: [good, pod] } });
      assert.equal(result.outcome, outcome);
      assert.match(result.reason, reason);
      assert.ok(result.requests.count >= 10, 'what the others said is kept');
      nothingLeft();
    }
  });

  it('should read a summary between whose lines others of the log came', async () => {
    const [good] = await twoPods();
    assert.ok(good);
    const refused = JSON.stringify({ level: 'error', msg: 'dial: i/o timeout', source: 'stacktrace' });
    // Cuts the one line of this short summary in two.
    const log = good.log.replace(/^(PLUMBLINE-SUMMARY )(.{200})/m, `$1$2\n${refused}\nwaiting\n$1`);
    assert.notEqual(log, good.log);
    const result = await run({ behaviour: { pods: [good, { ...good, log }] } });
    assert.deepEqual([result.outcome, result.requests.count], ['completed', 20]);
    assert.deepEqual(result.errors, [{ error: 'dial: i/o timeout', count: 1 }]);
  });

  it('should miss a pod that is not there', async () => {
    const [good] = await twoPods();
    assert.ok(good);
    const result = await run({ behaviour: { pods: [good] } });
    assert.match(result.reason, /1 of 2 pods existed at the end/);
  });

  it('should not wait for pods that failed before the start', async () => {
    const pods = [{ exitCode: 1, log: '' }];
    const result = await run({ behaviour: { stages: ['', 'broken'], pods } });
    assert.match(result.reason, /a pod of TestRun .* failed before all pods had started/);
    nothingLeft();
  });

  it('should leave nothing when the API refuses, at whatever step', async () => {
    for (const forbidden of ['POST configmaps', 'POST testruns', 'GET pods']) {
      const result = await run({ behaviour: { forbidden: [forbidden], pods: await twoPods() } });
      assert.equal(result.outcome, 'failed');
      assert.match(result.reason, /^forbidden: .*403 .* is forbidden: no right/);
      nothingLeft();
    }
  });

  it('should leave nothing when it is aborted in the middle, and keep what was counted', async () => {
    const abort = new AbortController();
    const result = await run({
      behaviour: { endless: true, pods: await twoPods() },
      signal: abort.signal,
      limits: { requests: 1_000_000, durationMs: 60_000 },
      listener: { second: () => abort.abort() },
    });
    assert.deepEqual([result.outcome, result.reason], ['interrupted', 'the load was interrupted']);
    assert.ok(result.requests.count > 0);
    nothingLeft();
    const before = await run({ signal: AbortSignal.abort() });
    assert.equal(before.outcome, 'interrupted');
    assert.deepEqual(api.calls, []);
  });

  it('should be deleted when it sends or lasts more than it may, or cannot be counted', async () => {
    const behaviour = { endless: true, pods: await twoPods() };
    const more = await run({ behaviour, limits: { requests: 20, durationMs: 60_000 } });
    assert.match(more.reason, /exceeded its limit of 20 requests/);
    const longer = await run({ behaviour, limits: { requests: 1_000_000, durationMs: 50 } });
    assert.match(longer.reason, /exceeded its limit of 50 ms/);
    assert.deepEqual([more.outcome, longer.outcome], ['interrupted', 'interrupted']);
    const uncounted = await run({
      behaviour: { ...behaviour, requestsPerLook: null },
      engine: { timeouts: { uncountedMs: 50 } },
    });
    assert.match(uncounted.reason, /cannot be counted \(GET on pods\/proxy/);
    nothingLeft();
  });

  it('should name what it could not delete', async () => {
    const result = await run({ behaviour: { pods: await twoPods(), stuck: ['configmaps'] } });
    assert.equal(result.outcome, 'failed');
    assert.match(result.reason, /^left behind: ConfigMap tender\/plumbline-load-\w+; delete them by hand$/);
  });

  it('should refuse scripts that cannot be carried into pods, by what stands in the way', async () => {
    const refused: [string, RegExp][] = [
      [
        `import a from '/srv/a.js'; export default a;`,
        /imports "\/srv\/a\.js": pods get only files by a relative path/,
      ],
      [`const a = open('./data.json'); export default () => a;`, /calls open\(\)/],
      [`export default function ( {`, /cannot be read as a module/],
    ];
    for (const [source, expected] of refused) {
      const bad = join(folder, 'bad.js');
      await writeFile(bad, source);
      const result = await run({ script: bad });
      assert.equal(result.outcome, 'failed');
      assert.match(result.reason, expected);
      assert.deepEqual(api.calls, [], 'nothing was created');
    }
  });
});
