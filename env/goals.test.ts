import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GOALS, problemsWith } from './_testing/local-file.ts';

test('should refuse a goal that anything would meet, or nothing', () => {
  const withGoal = (check: string, value: string): string =>
    String(problemsWith(GOALS, `${GOALS}\n  '${check}': { status: assumed, values: { ${value} } }`)[0]);
  for (const percent of ['failedRatio: 1', 'failedRatio: 5', 'failedRatio: -1'])
    assert.match(
      withGoal('failover/backend/*', percent),
      /allowed: a part of 1: from 0 to below 1, such as 0\.001$/,
    );
  for (const none of ['foundRatio: 0', 'foundRatio: 99'])
    assert.match(
      withGoal('telemetry/traces/complete', none),
      /found (0|99); allowed: a part of 1: above 0 and at most 1/,
    );
  assert.match(
    withGoal('topology/cluster/versions', 'minDays: -1'),
    /found -1; allowed: not below 0, such as 30$/,
  );
});

test('should say that a glob without quotes is an alias of YAML', () => {
  const [problem] = problemsWith('size: full', 'size: **');
  assert.match(
    String(problem),
    /:9: an alias of YAML for which there is no anchor; found \*\*; allowed: a text that begins with \* in quotes: "\*\*"$/,
  );
});
