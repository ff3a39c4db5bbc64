import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { after, beforeEach, describe, it } from 'node:test';
import { parseEnvironment } from '../env/loader.ts';

const LOCAL = new URL('../env/local.yaml', import.meta.url).pathname;
const { application } = parseEnvironment(readFileSync(LOCAL, 'utf8'), LOCAL).data;
assert.ok(application);

/** The contract of the reference backend, as the runner hands it over; with other parts in its place. */
function contract(other: object = {}): { CONTRACT: string } {
  const { follow, proof, requests, canaries } = application ?? assert.fail();
  return { CONTRACT: JSON.stringify({ follow, proof, prefix: canaries.prefix, requests, ...other }) };
}

/** Runs the scenarios on stand-ins of k6's modules: this tests what scenarios send and which options they export, not k6. */
interface Params {
  headers: Record<string, string>;
  tags: { name: string };
  timeout: string;
}
interface Sent {
  method: string;
  url: string;
  body: unknown;
  params: Params;
}
interface Answer {
  status: number;
  body: string;
  error: string;
  status_text: string;
  headers: Record<string, string>;
}

const stage = {
  sent: [] as Sent[],
  checks: [] as [name: string, ok: boolean][],
  iteration: 0,
  answer: (sent: Sent): Partial<Answer> => ({ status: sent.method === 'GET' ? 200 : 201 }),
};

function send(method: string, url: string, body: unknown, params: Params): Answer {
  const sent = { method, url, body, params };
  stage.sent.push(sent);
  // Like tender-api, repeats the request's correlation header in the answer.
  const headers = { ...params.headers };
  return { status: 0, body: '{}', error: '', status_text: '', headers, ...stage.answer(sent) };
}

const MODULES: Record<string, Record<string, unknown>> = {
  k6: {
    check: (value: unknown, checks: Record<string, (value: unknown) => boolean>) => {
      const results = Object.entries(checks).map(([name, test]): [string, boolean] => [name, test(value)]);
      stage.checks.push(...results);
      return results.every(([, ok]) => ok);
    },
    fail: (message: string) => {
      throw new Error(message);
    },
  },
  'k6/http': {
    default: {
      asyncRequest: (method: string, url: string, body: unknown, params: Params) =>
        Promise.resolve(send(method, url, body, params)),
    },
  },
  'k6/execution': {
    default: {
      scenario: {
        get iterationInTest() {
          return stage.iteration;
        },
      },
    },
  },
};

const shared = globalThis as unknown as { __ENV: Record<string, string>; k6Modules: typeof MODULES };
shared.k6Modules = MODULES;

const hooks = registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier in MODULES) return { url: `stand-in:${specifier}`, shortCircuit: true };
    const found = next(specifier, context);
    // Settings are read when a module is loaded. They are part of its URL, so that each test loads it again.
    const from = /\?(.*)$/.exec(context.parentURL ?? '')?.[1];
    return specifier.startsWith('./') && from !== undefined && !found.url.includes('?')
      ? { ...found, url: `${found.url}?${from}` }
      : found;
  },
  load: (url, context, next) => {
    if (!url.startsWith('stand-in:')) return next(url, context);
    const name = url.slice('stand-in:'.length);
    const names = Object.keys(MODULES[name] ?? {});
    const source = names.map((key) =>
      key === 'default' ? 'export default all.default;' : `export const ${key} = all.${key};`,
    );
    return {
      format: 'module',
      shortCircuit: true,
      source: [`const all = globalThis.k6Modules[${JSON.stringify(name)}];`, ...source].join('\n'),
    };
  },
});
after(() => hooks.deregister());

interface Executor {
  executor: string;
  rate?: number;
  maxVUs?: number;
  stages?: { target: number; duration: string }[];
  [option: string]: unknown;
}
interface Script {
  options: { scenarios: Record<string, Executor> };
  setup: () => Promise<void>;
  default: () => Promise<void>;
}

let loads = 0;
async function load(name: string, settings: Record<string, string> = {}): Promise<Script> {
  shared.__ENV = { ...contract(), ...settings };
  return (await import(`./scenarios/${name}.ts?${String(++loads)}`)) as Script;
}

const NAMES = ['steady', 'ramp', 'draft', 'jobs'];

beforeEach(() => {
  stage.answer = (sent) => ({ status: sent.method === 'GET' ? 200 : 201 });
  Object.assign(stage, { sent: [], checks: [], iteration: 0 });
});

describe('every scenario', () => {
  it('should hold no state in its module but what is the same for every VU', () => {
    for (const name of [...NAMES, 'target']) {
      const text = readFileSync(new URL(`./scenarios/${name}.ts`, import.meta.url), 'utf8');
      assert.doesNotMatch(text, /^(export )?(let|var) /m, name);
    }
  });

  it('should be among those that are tested', () => {
    const files = readdirSync(new URL('./scenarios', import.meta.url)).filter((file) => file.endsWith('.ts'));
    assert.deepEqual(files.sort(), [...NAMES, 'target'].map((name) => `${name}.ts`).sort());
  });

  it('should have small defaults, and arrive at a schedule of its own', async () => {
    for (const name of NAMES) {
      const { options } = await load(name);
      const [[scenario, executor] = ['', { executor: '' }], ...others] = Object.entries(options.scenarios);
      assert.deepEqual([scenario, others], [name, []]);
      assert.match(executor.executor, /-arrival-rate$/);
      assert.ok((executor.rate ?? 1) <= 20 && (executor.maxVUs ?? 1) <= 200, name);
    }
  });

  it('should take its settings, and refuse those that are no numbers', async () => {
    const { options } = await load('steady', { RATE: '250', DURATION: '90s', MAX_VUS: '4' });
    assert.deepEqual(options.scenarios.steady, {
      executor: 'constant-arrival-rate',
      rate: 250,
      timeUnit: '1s',
      duration: '90s',
      preAllocatedVUs: 4,
      maxVUs: 4,
    });
    for (const RATE of ['fast', '0', '1.5', '1000000'])
      await assert.rejects(load('steady', { RATE }), /RATE must be a whole number from 1 to 100000, not/);
  });

  it('should not load a target that does not answer, and say what it saw', async () => {
    for (const name of NAMES) {
      const script = await load(name, { BASE_URL: 'http://tender.example.test/' });
      stage.answer = () => ({ status: 503, status_text: '503 Service Unavailable' });
      await assert.rejects(
        script.setup(),
        /^Error: http:\/\/tender\.example\.test\/tenders \(application\.requests\.look\) answered 503 before the load \(status 503\)/,
      );
      stage.answer = () => ({ status: 200 });
      await script.setup();
    }
  });

  it('should not load another service that answers in its place', async () => {
    const settings = { BASE_URL: 'http://tender.example.test' };
    const script = await load('steady', { ...settings, ...contract({ follow: { echo: 'x-mark' } }) });
    stage.answer = () => ({ status: 200, headers: {} });
    await assert.rejects(
      script.setup(),
      /tenders is not answered by the service that the load is for \(correlation-id\)/,
    );
    stage.answer = () => ({ status: 200, headers: { 'X-Mark': 'load-0' } });
    await script.setup();
  });

  it('should give an id and a name to every request and check its status', async () => {
    for (const name of NAMES) {
      const script = await load(name, {
        BASE_URL: 'http://t.example.test',
        ...contract({ follow: { echo: 'x-mark' } }),
        CORRELATION_ID: 'run-7',
      });
      Object.assign(stage, { sent: [], checks: [] });
      stage.answer = answer;
      await script.setup();
      for (stage.iteration = 0; stage.iteration < 100; stage.iteration += 25) await script.default();
      // Judges count on one check for each request, including those of setup.
      assert.equal(stage.checks.length, stage.sent.length, name);
      for (const { url, params } of stage.sent) {
        assert.ok(url.startsWith('http://t.example.test/'), url);
        assert.match(params.headers['x-mark'] ?? '', /^run-7-\d+$/);
        assert.ok(params.tags.name !== '' && !/\d/.test(params.tags.name), 'a name holds no id');
      }
      assert.ok(stage.checks.length > 0 && stage.checks.every(([, ok]) => ok), name);
    }
  });
});

function titleIn(body: unknown): unknown {
  return (JSON.parse(String(body)) as { title: unknown }).title;
}

/** tender-api's answers. */
function answer({ method, url, body }: Sent): Partial<Answer> {
  if (url.endsWith('/ai/draft')) return { status: 200, body: '{"text":"t","degraded":false}' };
  if (method === 'POST') return { status: 201, body: JSON.stringify({ id: '4', title: titleIn(body) }) };
  return { status: 200, body: '[{"id":"4","title":"t"}]' };
}

describe('jobs', () => {
  it('should be things that are accepted, each with a title of its own', async () => {
    const { default: jobs } = await load('jobs', { BASE_URL: 'http://edge.example.test/api' });
    stage.answer = answer;
    await jobs();
    stage.iteration = 7;
    stage.answer = () => ({ status: 503 });
    await jobs();
    assert.deepEqual(
      stage.sent.map(({ method, url, body }) => [method, url, JSON.parse(String(body)) as unknown]),
      [
        ['POST', 'http://edge.example.test/api/tenders', { title: 'Plumbline canary load-0' }],
        ['POST', 'http://edge.example.test/api/tenders', { title: 'Plumbline canary load-7' }],
      ],
    );
    assert.deepEqual(stage.checks, [
      ['create: as the contract has it', true],
      ['create: as the contract has it', false],
    ]);
  });

  it('false verdict 4: should not be taken for stored where the answer is not the tender', async () => {
    const { default: jobs } = await load('jobs');
    const others = [
      '',
      '[]',
      '{"id":"4"}',
      '{"id":"4","title":"another"}',
      '{"title":"Plumbline canary load-0"}',
    ];
    for (const body of others) {
      stage.answer = () => ({ status: 201, body });
      await jobs();
    }
    assert.deepEqual(
      stage.checks.map(([, ok]) => ok),
      others.map(() => false),
    );
  });
});

describe('reads', () => {
  it('false verdict 4: should be good only where they are lists of tenders, from the service behind the chain', async () => {
    const { default: steady } = await load('steady', contract({ follow: { echo: 'x-mark' } }));
    const good = async (answer: Partial<Answer>): Promise<boolean | undefined> => {
      stage.checks = [];
      stage.answer = () => answer;
      await steady();
      assert.equal(stage.checks.length, 1, 'one check a request');
      return stage.checks[0]?.[1];
    };
    const body = '[{"id":"4","title":"t","createdAt":"2026-01-01T00:00:00Z"}]';
    assert.equal(await good({ status: 200, body }), true);
    assert.equal(await good({ status: 200, body: '[]' }), true);
    for (const other of ['', '<html>maintenance</html>', '{}', 'null', '[1]', '[{"id":"4"}]'])
      assert.equal(await good({ status: 200, body: other }), false, other);
    assert.equal(await good({ status: 204, body: '' }), false);
    assert.equal(await good({ status: 202, body }), false);
    assert.equal(await good({ status: 200, body, headers: {} }), false, 'the correlation id is not repeated');
  });
});

describe('drafts', () => {
  it('should be asked as the contract has it, and count what was written without the model', async () => {
    const { default: draft } = await load('draft', { BASE_URL: 'http://edge.example.test' });
    stage.answer = () => ({ status: 200, body: '{"text":"t","degraded":true}' });
    await draft();
    assert.equal(stage.sent[0]?.url, 'http://edge.example.test/ai/draft');
    assert.deepEqual(JSON.parse(String(stage.sent[0].body)), { title: 'Plumbline canary load-0' });
    assert.deepEqual(stage.checks, [['draft: written with the model', false]]);
    stage.checks = [];
    stage.answer = () => ({ status: 502, body: 'no json' });
    await draft();
    assert.deepEqual(stage.checks, [['draft: as the contract has it', false]]);
  });

  it('false verdict 4: should not be counted as good where the answer is none', async () => {
    const { default: draft } = await load('draft');
    const counted = async (body: string): Promise<boolean | undefined> => {
      stage.checks = [];
      stage.answer = () => ({ status: 200, body });
      await draft();
      assert.equal(stage.checks.length, 1, 'one check a request');
      return stage.checks[0]?.[1];
    };
    assert.equal(await counted('{"text":"t","degraded":false}'), true);
    for (const body of ['', '<html>', 'null', '[]', '{}', '{"text":"t"}', '{"text":" ","degraded":false}'])
      assert.equal(await counted(body), false, body);
    assert.equal(await counted('{"text":7,"degraded":false}'), false);
  });
});

describe('who asks', () => {
  it('should be shown by headers whose values may change while the load runs', async () => {
    const { default: steady } = await load('steady', {
      CREDENTIALS: '{"authorization":"SECRET_0","x-api-key":"SECRET_1"}',
      SECRET_0: 'Bearer one',
      SECRET_1: 'k',
    });
    await steady();
    shared.__ENV['SECRET_0'] = 'Bearer two';
    await steady();
    assert.deepEqual(
      stage.sent.map(({ params: { headers } }) => [headers['authorization'], headers['x-api-key']]),
      [
        ['Bearer one', 'k'],
        ['Bearer two', 'k'],
      ],
    );
  });

  it('should be told from failures of the service where it was refused, and said once for each value', async (t) => {
    const info = t.mock.method(console, 'info', () => undefined);
    const { default: steady } = await load('steady', {
      CREDENTIALS: '{"authorization":"SECRET_0"}',
      SECRET_0: 'Bearer one',
    });
    stage.answer = ({ params }) => ({ status: params.headers['authorization'] === 'Bearer two' ? 429 : 401 });
    await steady();
    await steady();
    shared.__ENV['SECRET_0'] = 'Bearer two';
    await steady();
    assert.deepEqual(stage.checks, [
      ['turned away: credentials', false],
      ['turned away: credentials', false],
      ['turned away: rate-limit', false],
    ]);
    assert.equal(info.mock.callCount(), 1);
  });
});
