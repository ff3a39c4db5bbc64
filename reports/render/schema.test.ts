import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { runSchemaText } from '../record/run-schema.ts';
import { drillRecord, inconclusiveRecord, metRecord, notMetRecord } from './_testing/fixture.ts';

const validate = new Ajv2020({ strict: false }).compile(JSON.parse(runSchemaText()) as object);

for (const [name, record] of Object.entries({
  met: metRecord(),
  'not met': notMetRecord(),
  inconclusive: inconclusiveRecord(),
  drill: drillRecord(),
})) {
  it(`should accept a ${name} record by the published schema`, () => {
    const asWritten: unknown = JSON.parse(JSON.stringify(record));
    assert.ok(validate(asWritten), JSON.stringify(validate.errors));
  });
}

it('should refuse a record with a verdict that there is not', () => {
  const record = { ...metRecord(), verdict: 'green' };
  assert.equal(validate(JSON.parse(JSON.stringify(record))), false);
});
