import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

const hop = (name: string, contains: string) => ({ name, header: 'X-Hops', contains });
const edge = {
  url: 'https://t.test/',
  hops: [hop('load balancer', 'haproxy'), hop('gateway', 'gateway'), hop('service', 'api')],
};
const answer = (more: Record<string, unknown> = {}): Seen => [
  'edge-answer',
  {
    url: 'https://t.test/',
    status: 200,
    ok: true,
    why: '',
    correlationIdSent: 'm1',
    correlationIdSeen: 'm1',
    authorized: true,
    tlsError: '',
    ms: 12.3,
    headers: { 'x-hops': 'haproxy, gateway, api' },
    ...more,
  },
];
const ECHO = { follow: { echo: 'x-mark' }, proof: 'echo', statuses: { look: [200, 204] } };
const judged = (application: object | undefined, ...seen: Seen[]) =>
  judge({
    check: 'topology/edge/path',
    settings: { edge, ...(application !== undefined && { application }) },
    seen,
  });
const path = (...seen: Seen[]) => judged(ECHO, ...seen);

test('should accept a canary request that every hop has named itself on in order', () => {
  const judgement = path(answer());
  assert.equal(judgement.verdict, 'pass');
  assert.match(judgement.expected, /load balancer → gateway → service/);
});

test('should name the hop that was passed by', () => {
  const judgement = path(answer({ headers: { 'x-hops': 'haproxy, api' } }));
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /hop gateway: expected X-Hops with "gateway", seen haproxy, api/);
});

test('should expect in Via the hop nearest to the service first, as each appends itself to the answer', () => {
  const hops = [
    { name: 'load balancer', header: 'Via', contains: 'google' },
    { name: 'service', header: 'x-service', contains: 'api' },
    { name: 'gateway', header: 'via', contains: 'kong' },
  ];
  const seen = (via: string) =>
    judge({
      check: 'topology/edge/path',
      settings: { edge: { ...edge, hops }, application: ECHO },
      seen: [answer({ headers: { via, 'x-service': 'api' } })],
    });
  assert.equal(seen('1.1 kong/3.9.1, 1.1 google').verdict, 'pass');
  const wrong = seen('1.1 google, 1.1 kong/3.9.1');
  assert.equal(wrong.verdict, 'fail');
  assert.match(
    wrong.reason,
    /order of the hops: expected kong, google; api, seen 1\.1 google, 1\.1 kong\/3\.9\.1; api/,
  );
  assert.match(seen('1.1 google').reason, /hop gateway: expected via with "kong", seen 1\.1 google/);
});

test('should refuse a wrong order, a lost correlation id, an error status, a certificate that clients refuse, no answer', () => {
  assert.equal(path(answer({ headers: { 'x-hops': 'gateway, haproxy, api' } })).verdict, 'fail');
  assert.equal(path(answer({ correlationIdSeen: '' })).verdict, 'fail');
  assert.equal(path(answer({ correlationIdSeen: 'another' })).verdict, 'fail');
  assert.equal(path(answer({ status: 503 })).verdict, 'fail');
  assert.match(path(answer({ authorized: false, tlsError: 'CERT_HAS_EXPIRED' })).reason, /CERT_HAS_EXPIRED/);
  assert.match(
    path(['edge-failed', { url: 'https://t.test/', reason: 'ECONNREFUSED' }]).reason,
    /ECONNREFUSED/,
  );
});

test('should take the statuses of the contract, and refuse an answer that is not as it has it', () => {
  assert.equal(path(answer({ status: 204 })).verdict, 'pass');
  const unmet = path(answer({ ok: false, why: 'answer: /id' }));
  assert.equal(unmet.verdict, 'fail');
  assert.match(unmet.reason, /application\.requests\.look has it, seen answer: \/id/);
});

test('should not hold against the service that the gateway turned the request away', () => {
  for (const [status, expected] of [
    [401, /refused with 401: the credentials/],
    [403, /refused with 403: the account of the credentials/],
    [429, /refused with 429: a rate limit/],
  ] as const) {
    const judgement = path(answer({ status, ok: false, why: `status ${status}`, correlationIdSeen: '' }));
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, expected);
  }
});

test('should know a login page by where the answer sends on', () => {
  const why = 'login: status 302 to https://login.example.com/auth';
  const judgement = path(answer({ status: 302, ok: false, why, correlationIdSeen: '' }));
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /sent to a login page: the credentials/);
  assert.equal(path(answer({ status: 302, ok: false, why: 'status 302' })).verdict, 'fail');
});

test('should not miss the names of hops behind the one that turned the request away', () => {
  const refused = (status: number): Record<string, unknown> => ({
    status,
    ok: false,
    why: `status ${status}`,
    correlationIdSeen: '',
    headers: { 'x-hops': 'haproxy' },
  });
  assert.equal(path(answer(refused(401))).verdict, 'inconclusive');
  assert.equal(path(answer(refused(429))).verdict, 'inconclusive');
  assert.equal(path(answer(refused(502))).verdict, 'fail');
  assert.equal(path(answer({ ...refused(401), authorized: false, tlsError: 'EXPIRED' })).verdict, 'fail');
});

test('should judge the certificate alone where nobody was shown credentials for it', () => {
  const stranger = { authorized: false, tlsError: 'DEPTH_ZERO_SELF_SIGNED_CERT', withheld: true };
  const refused = { status: 401, ok: false, why: 'credentials: status 401', correlationIdSeen: '' };
  const other = { status: 200, ok: false, why: 'answer: /id', correlationIdSeen: '' };
  for (const seen of [refused, other, { ...other, status: 404 }]) {
    const { verdict, reason } = path(answer({ ...stranger, ...seen, headers: {} }));
    assert.equal(verdict, 'fail');
    assert.match(reason, /DEPTH_ZERO_SELF_SIGNED_CERT/);
    assert.doesNotMatch(reason, /hop |correlation id|credentials \(application|answer: \/id|seen 404/);
  }
  const open = path(answer({ ...stranger, headers: { 'x-hops': 'haproxy, api' } }));
  assert.match(open.reason, /^2 of \d+: TLS of the edge, hop gateway;/);
});

test('should be inconclusive without a contract', () => {
  assert.equal(judged(undefined, answer()).verdict, 'inconclusive');
});

test('should not know what to make of a certificate that is accepted and has something wrong with it', () => {
  assert.equal(path(answer({ tlsError: 'CERT_HAS_EXPIRED' })).verdict, 'inconclusive');
});

test('should be inconclusive when the authority could not be read', () => {
  assert.equal(
    path(['unavailable', { what: 'the authority of the edge', reason: 'no such file' }]).verdict,
    'inconclusive',
  );
});
