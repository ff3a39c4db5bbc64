/** What an environment file may not leave open about passwords of stores, and about who manages a store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GOOD, problemsIn, problemsWith } from './_testing/local-file.ts';

/** The problems of the file with some of its text changed, each in a line. */
const problemsOf = (change: (good: string) => string): string => problemsIn(change(GOOD)).join('\n');

/** The password of PostgreSQL's account, and the line that lets it be plain. */
const PLAIN =
  /(password: \{ secret: \{ namespace: tender, name: postgres-credentials, key: plumbline \} \}\n)( +plain: true\n)/;

test('should refuse a password in plain text that nobody has decided, and one that is said to be plain under TLS', () => {
  const [silent, ...more] = problemsWith(PLAIN, '$1');
  assert.match(
    String(silent),
    /stores\.postgres\.password: would cross the network unencrypted: declare `tls`, or `plain: true`/,
  );
  assert.deepEqual(more, []);
  const sentinel =
    / {4}password: \{ secret: \{ namespace: tender, name: redis-credentials, key: redis \} \}\n +plain: true\n/;
  assert.match(
    String(problemsWith(sentinel, '')),
    /stores\.redis\.sentinel\.password: would cross the network/,
  );
  const text = problemsOf((good) =>
    good
      .replace(PLAIN, '$1$2    tls: { ca: system }\n')
      .replace('scope: postgres-primary }', 'scope: postgres-primary, tls: true }'),
  );
  assert.match(text, /stores\.postgres\.plain: there is TLS: nothing is plain/);
});

test("should refuse to send the manager's password without the TLS that the store has, unless that is wanted", () => {
  const tls = (good: string, plain: string): string =>
    good.replace(PLAIN, `$1${plain}    tls: { ca: system }\n`);
  assert.match(
    problemsOf((good) => tls(good, '')),
    /^env\/local\.yaml:\d+:\d+: stores\.postgres\.admin\.password: would cross .*: declare `patroni\.tls`, or `plain: true` .*; found a password without patroni\.tls$/,
  );
  assert.equal(
    problemsOf((good) => tls(good, '    plain: true\n')),
    '',
  );
});

test('should not take TLS with any certificate for TLS', () => {
  const scheme = (good: string, plain: string): string =>
    good.replace(
      /(neo4j-credentials, key: neo4j \} \}\n) +plain: true\n/,
      `$1    scheme: bolt+ssc\n${plain}`,
    );
  assert.match(
    problemsOf((good) => scheme(good, '')),
    /stores\.neo4j\.password: would go to whoever answers: bolt\+ssc takes any certificate; found .*; allowed: `tls` or a scheme with \+s; `plain: true`/,
  );
  assert.equal(
    problemsOf((good) => scheme(good, '    plain: true\n')),
    '',
  );
  assert.equal(
    problemsOf((good) => scheme(good, '').replace('bolt+ssc', 'bolt+s')),
    '',
  );
});

test('should refuse two managers of a store', () => {
  const both = problemsWith('patroni: { port: 8008', 'repmgr: {}\n    patroni: { port: 8008');
  assert.equal(both.length, 1);
  assert.match(
    String(both),
    /stores\.postgres\.repmgr: `patroni` already says what manages the store: declare one of them; found \{/,
  );
  assert.match(
    problemsWith('scope: postgres-primary }', 'scope: postgres-primary, tls: true }').join(),
    /stores\.postgres\.patroni\.tls: needs `tls` of the store/,
  );
});
