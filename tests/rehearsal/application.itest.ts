/**
 * An application whose API is its own, behind a gateway that wants a key: what is asked through the edge is built from the environment file
 * alone, a refused key or a rate limit is nobody's failure, and removing canaries takes nothing else. Wants the rehearsal up, with PostgreSQL.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { askApplication, valuesFor, type ApplicationTarget } from '../../probes/application/asking.ts';
import { stateOf, type ContractRequest } from '../../probes/application/contract.ts';
import { removeCanaries } from '../../probes/application/removal.ts';
import { edgeEndpoint } from '../../probes/edge/endpoint.ts';
import { waitFor } from '../../host/wait.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { STATE, Workplace, type EnvironmentRows } from './_helpers/platform.ts';

const PATH = 'topology/edge/path';
const CRASH = 'failover/backend/pod-crash';
const LATENCY = 'performance/api/latency';
/** As many as two gateways let a guest send in a second, and some more. */
const SHORT_LOAD = { steady: { requestsPerSecond: 30, seconds: 10 } };

const place = new Workplace();
after(() => place.remove());

type Check = RunRecord['checks'][number];

function checkOf({ checks }: RunRecord, id: string): Check {
  return checks.find((one) => one.id === id) ?? assert.fail(`the run has no check ${id}`);
}

/** All that a check says of why it does not pass. */
const saidBy = ({ reason, rules = [], trials }: Check): string =>
  [reason, ...rules.map(({ text }) => text), ...trials.map(({ landed }) => landed.by)].join('\n');

/** A copy of the file with the key of that file, and a short load. */
function withKey(file: string): string {
  return place.changedFile((all: EnvironmentRows) => {
    all.application.credentials.headers = { apikey: { file } };
    all.load = SHORT_LOAD;
  });
}

test('should pass the gateway with the key that its owners gave, and hold the answer against the contract', async () => {
  const check = checkOf(await place.run('rehearsal', ['topology/edge/**']), PATH);
  assert.equal(check.verdict, 'pass', saidBy(check));
});

test('a wrong key: what goes through the edge is inconclusive and names 401, and no fault is injected', async () => {
  const record = await place.run(withKey(place.file('key', 'not-the-key')), [PATH, CRASH, LATENCY]);
  for (const id of [PATH, CRASH, LATENCY]) {
    const check = checkOf(record, id);
    assert.equal(check.verdict, 'inconclusive', `${id}: ${saidBy(check)}`);
    assert.match(saidBy(check), /401|application\.credentials/, id);
    assert.doesNotMatch(saidBy(check), /crashed/, id);
  }
  assert.match(
    checkOf(record, CRASH).reason,
    /it was not injected: application\.requests\.look \(GET .*\) was refused with 401: .*application\.credentials\.headers\.apikey \(file /,
  );
  assert.equal(checkOf(record, LATENCY).goals?.[0]?.achieved, null);
  assert.ok(checkOf(record, CRASH).trials.every(({ landed }) => landed.injected === false || !landed.proved));
});

test('a rate limit of the gateway: the load is inconclusive and names 429', async () => {
  const record = await place.run(withKey(join(STATE, 'account', 'bids-guest-key')), [LATENCY]);
  const check = checkOf(record, LATENCY);
  assert.equal(check.verdict, 'inconclusive', saidBy(check));
  assert.match(saidBy(check), /429/);
});

/** The application as its declared contract reaches it. */
async function declared() {
  const { application, topology } = await loadEnvironment('rehearsal', { with: ['postgres'] });
  const { edge } = topology;
  assert.ok(application !== undefined && edge !== undefined);
  const key = readFileSync(join(STATE, 'account', 'bids-key'), 'utf8').trim();
  const url = new URL(edge.url);
  const ca = readFileSync(join(STATE, 'bids', 'ca.crt'), 'utf8');
  const target: ApplicationTarget = {
    ...{ url, endpoint: edgeEndpoint(url, edge.address, { ca }) },
    ...{ contract: { follow: application.follow, proof: application.proof } },
    prefix: application.canaries.prefix,
    identity: { headers: () => ({ apikey: key }), refused: () => undefined },
  };
  const ask = (request: ContractRequest, more: { title?: string; id?: string } = {}) => {
    const values = valuesFor(target, { correlationId: 'rehearsal', n: 0, ...more });
    return askApplication(target, { request, values }, { deadlineMs: 5_000 });
  };
  return { target, requests: application.requests, ask };
}

test('should find canaries by their title, follow them to their end, and remove them and nothing else', async () => {
  const { target, requests, ask } = await declared();
  const { create, read, remove, find } = requests;
  assert.ok(create && read?.state && remove && find);
  const { state } = read;
  const made = async (title: string): Promise<string> => {
    const { fate } = await ask(create, { title });
    return fate.id ?? assert.fail(fate.why);
  };
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
  assert.equal((await ask(read, { id: canary })).reply.status, 404);
  for (const id of theirs) {
    assert.ok((await ask(read, { id })).fate.ok, id);
    await ask(remove, { id });
  }
});
