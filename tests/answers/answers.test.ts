import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { shapeOfKind } from '../../reports/mutation/shape.ts';
import type { Shape } from '../../reports/mutation/shape.ts';
import '../../suites/catalogue/index.ts';
import { answerFields } from './fields.ts';
import { amiss } from './lines.ts';
import type { Lines } from './lines.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
/** Not of the platform's answers: what we write ourselves, declare, break, or make up for tests. */
const OTHERS =
  /\.test\.ts$|\/_testing\/|\/_breaking\/|controls|\/observations\.ts$|^suites\/(?:catalogue|harness)\//;

function sources(): Map<string, string> {
  const files = globSync('{probes,suites}/**/*.ts', { cwd: ROOT }).filter((file) => !OTHERS.test(file));
  return new Map(files.sort().map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]));
}

function isRecorded(field: string): boolean {
  const [kind = '', ...steps] = field.split('.');
  return (
    steps.length > 0 &&
    steps.reduce((shapes, step) => shapes.flatMap((one) => below(one, step)), [shapeOfKind(kind)]).length > 0
  );
}

/** The shapes of a field, through lists and records. */
function below(shape: Shape, step: string): Shape[] {
  if (shape.is === 'object') return [shape.fields.get(step) ?? []].flat();
  if (shape.is === 'list' || shape.is === 'record') return below(shape.of, step);
  return shape.is === 'one of' ? shape.options.flatMap((one) => below(one.shape, step)) : [];
}

describe('fields of the answers that the platform gives', () => {
  it('should each be recorded, or dropped by a line that says why', () => {
    const lines = parse(readFileSync(path.join(import.meta.dirname, 'answers.yaml'), 'utf8')) as Lines;
    assert.deepEqual(amiss(answerFields(sources()), lines, isRecorded), []);
  });
});

it('should know the fields of observations', () => {
  assert.ok(['rule-group.alerting.health', 'trace.spans', 'register.n'].every(isRecorded));
  assert.ok(!['rule-group.alerting.state', 'trace', 'no-such-kind.n'].some(isRecorded));
});

describe('the walk over answers', () => {
  const found = (text: string): string[] => answerFields(new Map([['a.ts', text]])).get('a.ts') ?? [];

  it('should find each field of a schema, however it is put together', () => {
    const text = `
      const inner = z.object({ name: z.string() }).transform((one) => ({ other: one.name }));
      const labels = z.record(z.string(), z.string());
      export const answer = z.array(z.looseObject({
        labels,
        inner: inner.optional(),
        status: z.object({ 'the-state': z.string().default('') }).nullish(),
        either: z.union([z.object({ a: z.number() }), z.object({ b: z.number() })]),
      }));
      const more = answer.element.extend({ added: z.string() });
      const declared = z.strictObject({ port: z.int() });`;
    assert.deepEqual(found(text), [
      'inner.name',
      'answer.labels',
      'answer.status.the-state',
      'answer.either.a',
      'answer.either.b',
      'more.added',
    ]);
  });

  it('should find what a query is said to answer', () => {
    const text = `
      interface Row extends Others { id: string; of: { node: string }[]; seats: Seat[] }
      interface Seat { taken: boolean }
      interface Others { not: string }
      class Session {
        async read(of: { own: string }) {
          await this.#bolt.run<Row>('…');
          return ask<Record<string, { count: number }>>(of);
        }
      }`;
    assert.deepEqual(found(text), ['Row.id', 'Row.of.node', 'Seat.taken', 'Session.count']);
  });

  it('should find what is read of objects of Kubernetes, which are interfaces alone', () => {
    const text = `
      export interface KubeObject { metadata: { name: string } }
      export interface NodeObject extends KubeObject { status: { conditions?: Condition[] } }
      interface Condition { type: string }
      interface Other extends Condition { not: string }`;
    assert.deepEqual(found(text), ['KubeObject.metadata.name', 'Condition.type']);
  });

  it('should find a row that is declared beside the query', () => {
    const files = new Map([
      ['p/ask.ts', "import type { Row } from './rows.ts'; const rows = () => query<Row>('…');"],
      ['p/rows.ts', 'export interface Row { id: string }'],
      ['q/rows.ts', 'export interface Row { other: string }'],
    ]);
    assert.deepEqual([...answerFields(files)], [['p/rows.ts', ['Row.id']]]);
  });
});

describe('the lines about answers', () => {
  const recorded = (field: string): boolean => field === 'alert.state';
  const of = (fields: string[], lines: Record<string, string>) =>
    amiss(new Map([['a.ts', fields]]), { 'a.ts': lines }, recorded);

  it('should refuse a field that is parsed and of which no line says anything', () => {
    const lines = { 'answer.state': 'recorded as alert.state' };
    assert.deepEqual(of(['answer.state'], lines), []);
    assert.deepEqual(of(['answer.state', 'answer.endsAt'], lines), [
      'a.ts: answer.endsAt is parsed: a line says what becomes of it',
    ]);
    assert.equal(amiss(new Map([['b.ts', ['answer.x']]]), {}, recorded).length, 1);
  });

  it('should refuse a line of a field that is gone, and one that names no field of an observation', () => {
    assert.deepEqual(of([], { 'answer.state': 'recorded as alert.state' }), [
      'a.ts: answer.state is not parsed any more',
    ]);
    assert.deepEqual(of(['answer.state'], { 'answer.state': 'recorded as alert.silenced' }), [
      'a.ts: answer.state: no observation has alert.silenced',
    ]);
  });

  it('should refuse a line without a reason', () => {
    for (const fate of ['dropped', 'dropped, for now', 'of no use to anybody at all'])
      assert.match(of(['answer.x'], { 'answer.x': fate }).join(), /gives no reason/);
    const reason = 'dropped, for the client prints it in its own message';
    assert.deepEqual(of(['answer.x', 'answer.y'], { 'answer.{x,y}': reason }), []);
  });

  it('should take all of what is no answer by one line, and nothing of an answer', () => {
    assert.deepEqual(of(['own.a', 'own.b'], { own: 'no answer, but what the environment declares' }), []);
    assert.equal(of(['own.a'], { own: 'dropped, for the environment declares it' }).length, 2);
  });
});
