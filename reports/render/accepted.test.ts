/**
 * Compares every report of the runs in `accepted/` with the one that a person accepted. After an intended change
 * `ACCEPT=1 node --test reports/render/accepted.test.ts` writes them again: the difference that Git shows is the review.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { diffRuns, renderAll, renderTerminal } from '../index.ts';
import { runSchemaText } from '../record/run-schema.ts';
import { ACCEPTED_FOLDER, ACCEPTED_RUNS, acceptedRun } from '../_testing/accepted.ts';

const validate = new Ajv2020({ strict: false }).compile(JSON.parse(runSchemaText()) as object);

for (const name of ACCEPTED_RUNS)
  describe(`the reports of ${name}`, async () => {
    const record = acceptedRun(name);
    const reports: Record<string, string> = {
      ...(await renderAll(record)),
      'terminal.txt': renderTerminal(record, { reportPath: 'runs/latest/report.html' }),
      'diff.txt': diffRuns(record, acceptedRun(name === 'met' ? 'not-met' : 'met')).text,
    };

    it('should be made of a record that the published schema accepts', () => {
      assert.ok(validate(JSON.parse(JSON.stringify(record))), JSON.stringify(validate.errors));
    });

    for (const [report, text] of Object.entries(reports))
      it(`should be in ${report} what was accepted`, () => {
        const file = path.join(ACCEPTED_FOLDER, name, report);
        if (process.env['ACCEPT'] === '1') writeFileSync(file, text);
        assert.equal(text, readFileSync(file, 'utf8'), `ACCEPT=1 accepts ${name}/${report} as it is now`);
      });
  });
