/** A store of traces is added by adding its file and a line of `kinds.ts`: docs/extend/a-source-of-telemetry.md, word for word. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Copy } from './copy.ts';

const PAGE = 'docs/extend/a-source-of-telemetry.md';
const FILE = 'probes/traces/shelf.ts';
const KINDS = 'probes/traces/kinds.ts';
/** Tender platforms elsewhere say here which store of traces they have. */
const BASE = 'env/base/tender-platform.yaml';
const CHECK = 'telemetry/traces/canary';

/** What the copy derives of the kind: what reports say of it, and what its probe makes of answers. */
const DERIVED = `
import { createServer } from 'node:http';
import { traceProbe } from './probes/traces/index.ts';
import { TRACE_KINDS } from './probes/traces/kinds.ts';
import { telemetry as declared } from './probes/signals/declaration.ts';
import { planChecks } from './suites/catalogue/index.ts';
import { notMetYet } from './suites/catalogue/plan/not-met.ts';
import { openEnvironment } from './suites/catalogue/plan/open.ts';
const WHOLE = 'a'.repeat(32);
const CUT = 'b'.repeat(32);
const resourceSpans = [{ scopeSpans: [{ spans: [{ traceId: WHOLE, spanId: 'c'.repeat(16), name: 'GET' }] }] }];
const answers = { '/services': ['kong'], ['/traces/' + WHOLE]: { resourceSpans }, ['/traces/' + CUT]: { resourceSpans, cut: true } };
const server = createServer(({ url }, answer) => {
  const known = url.startsWith('/traces?') ? [WHOLE] : answers[url];
  answer.writeHead(known === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(known ?? {}));
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const probe = traceProbe({ kind: 'shelf', correlationTag: 'mark', path: [] }, { url: 'http://127.0.0.1:' + server.address().port });
const bounds = { deadlineMs: 5000 };
const namesOf = (traces) => traces.map(({ spans }) => spans.map(({ name }) => name));
const asked = {
  whole: namesOf(await probe.byIds([WHOLE, 'd'.repeat(32)], bounds)),
  found: namesOf(await probe.byCorrelationId({ service: 'kong', correlationId: 'r/1', fromMs: 0, toMs: 1000 }, bounds)),
  cut: await probe.byIds([CUT], bounds).catch(({ name }) => name),
};
probe.close();
server.close();
const staging = await openEnvironment('staging', {});
console.log(JSON.stringify({
  order: TRACE_KINDS.map(({ kind }) => kind).indexOf('shelf'),
  declared: declared.safeParse({ traces: { kind: 'shelf', url: 'https://t.test', path: [{ service: 'a' }] } }).success,
  notMet: planChecks(staging, { checks: ['${CHECK}'] }).map(({ row }) => row.notMet),
  listed: notMetYet([]).filter(({ label }) => label === 'Shelf').map(({ declaredBy }) => declaredBy),
  ...asked,
}));
`;

const EXPECTED = {
  order: 2,
  declared: true,
  notMet: [['Shelf']],
  listed: ['telemetry.traces.kind: shelf'],
  whole: [['GET']],
  found: [['GET']],
  cut: 'SignalError',
};

/** Follows the page: its file, its line of the list, and an environment that declares one. */
function follow(copy: Copy): string[] {
  const zipkin = "import { zipkin } from './zipkin.ts';\n";
  copy.change(KINDS, zipkin, `import { shelf } from './shelf.ts';\n${zipkin}`);
  copy.change(KINDS, '[jaeger, jaeger2, zipkin]', '[jaeger, jaeger2, shelf, zipkin]');
  copy.change(BASE, '    kind: jaeger\n', '    kind: shelf\n');
  return copy.follow(PAGE);
}

describe('adding a source of telemetry', () => {
  const copy = new Copy();
  let files: string[] = [];
  before(() => {
    files = follow(copy);
  });
  after(() => copy.remove());

  it('should need one file, beside its line of the list', () => assert.deepEqual(files, [FILE]));

  it('should be listed as not met yet', () => {
    const { output } = copy.plumbline('list', '--env', 'staging');
    assert.match(output, /telemetry\/traces\/canary +runs .*\[not met yet: Shelf\]/);
  });

  it('should be known to environment files', () => {
    assert.equal(copy.plumbline('env', 'validate', 'env/staging.yaml').code, 0);
    const text = copy.read(BASE);
    copy.write(BASE, text.replace('kind: shelf', 'kind: shelv'));
    assert.equal(copy.plumbline('env', 'validate', 'env/staging.yaml').code, 64);
    copy.write(BASE, text);
    assert.equal(copy.node('env/json-schema.ts').code, 0);
    assert.match(copy.read('env/environment.schema.json'), /"shelf"/);
    assert.equal(copy.node('scripts/reference.ts').code, 0);
    assert.match(copy.read('docs/reference/environment.md'), /`telemetry\.traces\.kind`.*shelf/);
  });

  it('should be planned and asked by what its file says', () => {
    assert.deepEqual(copy.ask(DERIVED), EXPECTED);
  });
});
