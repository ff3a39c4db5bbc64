/**
 * An application whose API is its own, behind a gateway that wants a key: what is asked through the edge is built from the environment file
 * alone, a refused key or a rate limit is nobody's failure, and removing canaries takes nothing else. Wants the rehearsal up, with PostgreSQL.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stateOf } from '../../probes/application/contract.ts';
import { removeCanaries } from '../../probes/application/removal.ts';
import { waitFor } from '../../host/wait.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { declaredApplication } from './_helpers/application.ts';
import { checkIn, STATE, Workplace, type EnvironmentRows } from './_helpers/platform.ts';
import { TOKEN_CLIENT, tokenEndpoint } from './_helpers/tokens.ts';

const PATH = 'topology/edge/path';
const CRASH = 'failover/backend/pod-crash';
const LATENCY = 'performance/api/latency';
/** As many as two gateways let a guest send in a second, and some more. */
const SHORT_LOAD = { steady: { requestsPerSecond: 30, seconds: 10 } };
/** Longer than tokens live, and shorter than a second one does in place of one that was refused. */
const TOKEN_LOAD = { steady: { requestsPerSecond: 30, seconds: 14 } };

const place = new Workplace();
after(() => place.remove());

type Check = RunRecord['checks'][number];

/** All that a check says of why it does not pass. */
const saidBy = ({ reason, rules = [], trials }: Check): string =>
  [reason, ...rules.map(({ text }) => text), ...trials.map(({ landed }) => landed.by)].join('\n');

/** A copy of the file with these credentials, and a short load. */
function withCredentials(
  credentials: EnvironmentRows['application']['credentials'],
  load = SHORT_LOAD,
): string {
  return place.changedFile((all: EnvironmentRows) => {
    all.application.credentials = credentials;
    all.load = load;
  });
}

const withKey = (file: string): string => withCredentials({ headers: { apikey: { file } } });

/** A copy of the file whose client gets tokens at that endpoint, in place of a key. */
function withTokens(tokenUrl: string): string {
  const clientSecret = { file: place.file('secret', TOKEN_CLIENT.secret) };
  return withCredentials({ oauth2: { tokenUrl, clientId: TOKEN_CLIENT.id, clientSecret } }, TOKEN_LOAD);
}

test('should pass the gateway with the key that its owners gave, and hold the answer against the contract', async () => {
  const check = checkIn(await place.run('rehearsal', ['topology/edge/**']), PATH);
  assert.equal(check.verdict, 'pass', saidBy(check));
});

test('a wrong key: what goes through the edge is inconclusive and names 401, and no fault is injected', async () => {
  const record = await place.run(withKey(place.file('key', 'not-the-key')), [PATH, CRASH, LATENCY]);
  for (const id of [PATH, CRASH, LATENCY]) {
    const check = checkIn(record, id);
    assert.equal(check.verdict, 'inconclusive', `${id}: ${saidBy(check)}`);
    assert.match(saidBy(check), /401|application\.credentials/, id);
    assert.doesNotMatch(saidBy(check), /crashed/, id);
  }
  assert.match(
    checkIn(record, CRASH).reason,
    /it was not injected: application\.requests\.look \(GET .*\) was refused with 401: .*application\.credentials\.headers\.apikey \(file /,
  );
  assert.equal(checkIn(record, LATENCY).goals?.[0]?.achieved, null);
  assert.ok(checkIn(record, CRASH).trials.every(({ landed }) => landed.injected === false || !landed.proved));
});

test('a rate limit of the gateway: the load is inconclusive and names 429', async () => {
  const record = await place.run(withKey(join(STATE, 'account', 'bids-guest-key')), [LATENCY]);
  const check = checkIn(record, LATENCY);
  assert.equal(check.verdict, 'inconclusive', saidBy(check));
  assert.match(saidBy(check), /429/);
});

test('tokens that end within a load are renewed before they do, and none is refused', async () => {
  await using endpoint = await tokenEndpoint({ livesSeconds: 6 });
  const record = await place.run(withTokens(endpoint.url), [LATENCY]);
  const check = checkIn(record, LATENCY);
  assert.equal(check.verdict, 'pass', saidBy(check));
  assert.ok(endpoint.given() >= 4, `${endpoint.given()} tokens were given`);
  assert.doesNotMatch(saidBy(check), /refused with/);
  assert.match(record.notes.join('\n'), /application\.credentials: renewed \d+ times; refused 0 times$/m);
});

test('a token that the gateway takes for a shorter time than was said, and a late one in its place: counted apart, and named', async () => {
  await using endpoint = await tokenEndpoint({ livesSeconds: 8, saidSeconds: 600, awayFor: 1 });
  const record = await place.run(withTokens(endpoint.url), [LATENCY]);
  const check = checkIn(record, LATENCY);
  assert.equal(check.verdict, 'inconclusive', saidBy(check));
  assert.match(check.reason, /^[1-9]\d* of \d+ requests refused with 401: /);
  assert.equal(check.goals?.[0]?.achieved, null, 'what the gateway refuses is no time of the service');
  assert.equal(endpoint.given(), 2, 'the first one, and one in place of that which was refused');
  assert.match(
    record.notes.join('\n'),
    /credentials: renewed 1 times; refused 1 times; 1 renewals failed: .* 503/,
  );
});

test('should find canaries by their title, follow them to their end, and remove them and nothing else', async () => {
  const { target, requests, state, ask, made, isThere } = await declaredApplication();
  const { read, remove, find } = requests;
  const canary = await made(`${target.prefix}of the rehearsal`);
  const theirs = [await made(`Not a ${target.prefix}`), await made('a bridge of others')];
  const done = async (): Promise<true | null> => {
    const { reply } = await ask(read, { id: canary });
    return stateOf(state, reply) === 'done' ? true : null;
  };
  await waitFor(done, { what: `draft ${canary} to be done`, deadlineMs: 10_000 });
  const bounds = { deadlineMs: 60_000, answerMs: 5_000, signal: AbortSignal.timeout(90_000) };
  const { removed, left, trouble } = await removeCanaries(target, { find, remove }, bounds);
  assert.ok(removed >= 1, trouble);
  assert.deepEqual([left, trouble], [0, '']);
  assert.equal(await isThere(canary), false);
  for (const id of theirs) {
    assert.equal(await isThere(id), true, id);
    await ask(remove, { id });
  }
});
