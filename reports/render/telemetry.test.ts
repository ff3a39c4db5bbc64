import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { runRecordSchema } from '../record/run-record.ts';
import { runSchemaText } from '../record/run-schema.ts';
import type { TelemetryDetail } from '../record/details/telemetry-detail.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';

const DETAIL: TelemetryDetail = {
  delays: [
    {
      name: 'traces',
      samples: 1000,
      p50Ms: 1200,
      p99Ms: 4100,
      maxMs: 70_000,
      edgesMs: [1000, 5000],
      counts: [400, 599, 1],
    },
  ],
};

const record = fixtureRecord([fixtureCheck('telemetry/traces/under-fault', { telemetry: DETAIL })]);

describe('a run that followed requests', () => {
  const page = renderHtml(record);

  it('should be a record of the published schema', () => {
    assert.deepEqual(runRecordSchema.parse(record), record);
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(runSchemaText()) as object);
    assert.ok(validate(JSON.parse(JSON.stringify(record))), JSON.stringify(validate.errors));
  });

  it('should draw the delays as a histogram, what took longer than any bin as well', () => {
    for (const text of ['Delay until seen: traces', '≤ 1 s', '≤ 5 s', '>more<', '70,000 ms'])
      assert.ok(page.includes(text), text);
  });
});
