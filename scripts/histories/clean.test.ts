import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleaned, secretIn } from './clean.ts';

const file = (text: string) => ({ trial: 'trial-01', name: 'check.ndjson', text });

test('should leave out lines for people, and shorten paths of this machine', () => {
  // A made-up path, of a user's machine.
  const kept = '{"kind":"load","t":1,"scenario":"/home/someone/plumbline/load/scenarios/steady.ts"}';
  const forPeople = '{"kind":"evidence","t":1,"text":"x"}\n{"kind":"scaled-pod","t":1,"pod":"p"}\n';
  const { text } = cleaned(file(`${forPeople}${kept}\n`));
  assert.equal(text, '{"kind":"load","t":1,"scenario":"steady.ts"}\n');
});

test('should keep paths that every machine has, and texts with a slash that are not paths', () => {
  const line =
    '{"kind":"x","t":1,"a":"/var/lib/postgresql/data","b":"https://198.19.0.10/tenders","c":"a/tmp"}\n';
  assert.equal(cleaned(file(line)).text, line);
});

test('should report text that looks like a secret', () => {
  const secrets = [
    '"password":"hunter2hunter2"',
    '"a":"https://me:word@host/"',
    '"h":"Bearer abcdefghijklmnop"',
  ];
  for (const secret of secrets)
    assert.match(secretIn(file(`{}\n{${secret}}\n`)) ?? '', /^trial-01\/check\.ndjson:2: /, secret);
  assert.equal(secretIn(file('{"reason":"the password is wrong"}\n')), null);
});
