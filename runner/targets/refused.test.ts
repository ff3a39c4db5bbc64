/** From a gateway that refuses to the words of a judgement, by the clients that runs use: canary requests, a load, a client load. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { monoMs } from '../../host/clock.ts';
import { waitFor } from '../../host/wait.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import type { Seen } from '../../suites/_testing/histories.ts';
import { invent } from '../../suites/_testing/histories.ts';
import { judgeOf } from '../../suites/_testing/judges.ts';
import { followed, ownOf, settings, START_MS, WHOLE } from '../../suites/telemetry/_testing/histories.ts';
import { TelemetryRuns } from '../ask/telemetry/runs.ts';
import { behind, STEADY } from './_testing/behind-gateway.ts';
import type { BehindGateway } from './_testing/behind-gateway.ts';
import { gateway } from './_testing/gateway.ts';
import type { GatewayRules, TestGateway } from './_testing/gateway.ts';
import { ClientLoads } from './client-loads.ts';
import { LoadRuns } from './load-runs.ts';

interface Place extends BehindGateway {
  before: TestGateway;
}

const open: Place[] = [];
after(async () => {
  for (const { before, close } of open) {
    close();
    await before.close();
  }
});

async function placeBehind(rules: GatewayRules): Promise<Place> {
  const before = await gateway(rules);
  const place = { ...behind(before), before };
  open.push(place);
  return place;
}

/** Taken for a second of the four that its endpoint says: it expires before the client renews it. */
const REVOKED: GatewayRules = { tokenMs: 1_000, saidSeconds: 4 };
/** One in four of the requests that get through. */
const LIMITED: GatewayRules = { otherwise: (n) => (n % 4 === 0 ? 429 : null) };

/** From now on: others of this process may have run for minutes before. */
const limit = (): AbortSignal => AbortSignal.timeout(110_000);
const countOf = ({ before }: Place, status: number): number => before.answered.get(status) ?? 0;

function judged(check: string, seen: Seen[], of: { settings: object; goals: object }): Judgement {
  const judge = judgeOf(check) ?? assert.fail(`no judge for ${check}`);
  const history = invent({ check, seen, settings: { ...of.settings }, goals: { ...of.goals } });
  return judge([history]);
}

/** As `judged`, with the times that the load's process wrote. */
function judgedLoad(check: string, place: Place, since: { wall: string; monoMs: number }): Judgement {
  const judge = judgeOf(check) ?? assert.fail(`no judge for ${check}`);
  const goals = { availabilityRatio: 0.9, p95Ms: 500, stallSeconds: 15, deliveredShare: 0.98 };
  const history = invent({ check, seen: place.seen('load.ndjson'), settings: { steady: STEADY }, goals });
  return judge([{ ...history, header: { ...history.header, anchor: since } }]);
}

const now = (): { wall: string; monoMs: number } => ({ wall: new Date().toISOString(), monoMs: monoMs() });
const AVAILABILITY = 'performance/api/availability';
const LATENCY = 'performance/api/latency';

async function loaded(place: Place): Promise<void> {
  const loads = new LoadRuns(place.runner);
  const { requestsPerSecond, seconds } = STEADY;
  const variables = { RATE: requestsPerSecond, DURATION: `${seconds}s`, MAX_VUS: 10 };
  await loads.start({ check: AVAILABILITY, trial: 1, scenario: 'steady', variables }, limit());
  assert.equal(await loads.ended(AVAILABILITY, 60_000, limit()), true);
  await loads.stop(AVAILABILITY);
}

/** Failed checks of the load itself, by their names. */
function failedChecks(place: Place): Record<string, number> {
  const [, load = assert.fail('no load')] = place.seen('load.ndjson').find(([kind]) => kind === 'load') ?? [];
  const checks = load['checks'] as { name: string; group: string; fails: number }[];
  return Object.fromEntries(
    checks.filter(({ fails, group }) => fails > 0 && group === '').map(({ name, fails }) => [name, fails]),
  );
}

describe('a load behind a gateway', { concurrency: true }, () => {
  it('should renew tokens that live two seconds before they expire, with no request refused', async () => {
    const place = await placeBehind({ tokenMs: 2_000, saidSeconds: 2 });
    await loaded(place);
    assert.equal(countOf(place, 401), 0);
    assert.deepEqual(failedChecks(place), {});
    assert.ok(place.before.tokens() >= 3, `${place.before.tokens()} tokens were given`);
  });

  it('should count 401 and 429 apart from failures of the service, and judge none of its goals by them', async () => {
    const since = now();
    const place = await placeBehind({ ...REVOKED, ...LIMITED });
    await loaded(place);
    const [unknown, limited] = [countOf(place, 401), countOf(place, 429)];
    assert.ok(unknown > 0 && limited > 0, JSON.stringify([...place.before.answered]));
    assert.deepEqual(failedChecks(place), {
      'turned away: credentials': unknown,
      'turned away: rate-limit': limited,
    });
    for (const check of [AVAILABILITY, LATENCY]) {
      const judgement = judgedLoad(check, place, since);
      assert.equal(judgement.verdict, 'inconclusive', judgement.reason);
      assert.match(
        judgement.reason,
        new RegExp(`^${unknown} of \\d+ requests refused with 401: the credentials`),
      );
      assert.match(
        judgement.reason,
        new RegExp(`; ${limited} of \\d+ requests refused with 429: a rate limit`),
      );
      const [goal] = judgement.goals ?? [];
      assert.deepEqual([goal?.achieved, goal?.lower, goal?.upper, goal?.samples], [null, null, null, 0]);
    }
  });

  it('should count as many failures of the service as its own, with figures of its goals', async () => {
    const since = now();
    const place = await placeBehind({ otherwise: (n) => (n % 4 === 0 ? 503 : null) });
    await loaded(place);
    const failed = countOf(place, 503);
    assert.deepEqual(failedChecks(place), { 'look: as the contract has it': failed });
    // So short a load decides nothing where failures may have come together.
    const { reason, goals } = judgedLoad(AVAILABILITY, place, since);
    assert.match(reason, new RegExp(`^${failed} of 160 requests failed`));
    assert.doesNotMatch(reason, /refused with/);
    assert.deepEqual([goals?.[0]?.achieved, goals?.[0]?.samples], [(1 - failed / 160) * 100, 160]);
  });

  it('should give no figure where the first request is turned away, and say why and as whom it asked', async () => {
    for (const [status, expected] of [
      [401, /answered 401 before the load .*refused with 401: .*a token of application\.credentials\.oauth2/],
      [403, /answered 403 before the load .*refused with 403: the account of the credentials/],
      [404, /application\.requests\.look\) answered 404 before the load \(status 404\)/],
      [302, /answered 302 before the load .*sent to a login page: the credentials/],
    ] as const) {
      const since = now();
      const place = await placeBehind({ otherwise: () => status });
      await loaded(place);
      assert.equal(countOf(place, status), 1, 'a redirect is not followed, and nothing follows a refusal');
      for (const check of [AVAILABILITY, LATENCY]) {
        const judgement = judgedLoad(check, place, since);
        assert.equal(judgement.verdict, 'inconclusive', judgement.reason);
        assert.match(judgement.reason, expected);
        assert.doesNotMatch(JSON.stringify(judgement), /secret-of-the-session|the-secret/);
        const [goal] = judgement.goals ?? [];
        assert.deepEqual([goal?.achieved, goal?.lower, goal?.upper, goal?.samples], [null, null, null, 0]);
        const measured = judgement.figures.filter(({ goal: limit }) => limit !== undefined);
        assert.ok(measured.every(({ name, value }) => value === null || name === 'load delivered'));
        assert.ok(judgement.load?.p99Ms.every((ms) => ms === null));
      }
    }
  });
});

const FEW = 'telemetry/traces/canary';
const MANY = 'telemetry/traces/complete';

/** Canary requests of a run, moved to the time of invented histories, with a whole trace of each that was answered well. */
async function canaries(
  place: Place,
  { requests, perSecond }: { requests: number; perSecond: number },
): Promise<Seen[]> {
  const runs = new TelemetryRuns(place.runner);
  const order = { check: MANY, trial: 1, run: 'r', follow: [], nodes: [], lines: 0, sinceMs: Date.now() };
  await runs.start({ ...order, requests, perSecond }, limit());
  await runs.of(MANY).requestsSent();
  await runs.stop(MANY);
  const sent = place.seen('telemetry.ndjson').filter(([kind]) => kind === 'canary-request');
  const firstMs = Math.min(...sent.map(([, one]) => Number(one?.['sentMs'])));
  const moved = (ms: unknown): number => Number(ms) - firstMs + START_MS;
  const seen = sent.flatMap(([kind, one = {}]): Seen[] => {
    const { n, correlationId, traceId, ok } = one;
    const sentMs = moved(one['sentMs']);
    const { t: _own, ...fields } = one;
    const request: Seen = [kind, { ...fields, sentMs, doneMs: moved(one['doneMs']) }];
    const spans = WHOLE.map(ownOf(Number(n), sentMs - START_MS));
    const trace: Seen = ['trace', { n, correlationId, traceId, seenMs: sentMs + 3_000, spans }];
    return ok === true ? [request, trace] : [request];
  });
  return followed(seen, { traces: true });
}

const GOALS = { visibleSeconds: 30, missing: 0, foundRatio: 0.5, answeredRatio: 0.5 };

describe('canary requests behind a gateway', { concurrency: true }, () => {
  it('should be counted apart from failures of the service, and leave the verdict open, by name', async () => {
    const place = await placeBehind({ ...REVOKED, ...LIMITED });
    const requests = 120;
    const seen = await canaries(place, { requests, perSecond: 40 });
    const [unknown, limited] = [countOf(place, 401), countOf(place, 429)];
    assert.ok(unknown > 0 && limited > 0, JSON.stringify([...place.before.answered]));
    for (const check of [FEW, MANY]) {
      const judgement = judged(check, seen, {
        settings: settings({ few: requests, requests }),
        goals: GOALS,
      });
      assert.equal(judgement.verdict, 'inconclusive', judgement.reason);
      const said = `${judgement.reason} ${judgement.seen}`;
      assert.match(said, new RegExp(`${unknown} of ${requests} requests refused with 401: the credentials`));
      assert.match(said, new RegExp(`${limited} of ${requests} requests refused with 429: a rate limit`));
      const value = (name: string): unknown => judgement.figures.find((one) => one.name === name)?.value;
      assert.deepEqual(
        [value('requests refused: credentials'), value('requests refused: rate-limit'), value('failed')],
        [unknown, limited, 0],
      );
    }
  });

  it('should renew a token before it expires, and be judged by its traces then', async () => {
    const place = await placeBehind({ tokenMs: 2_000, saidSeconds: 2 });
    const requests = 100;
    const seen = await canaries(place, { requests, perSecond: 40 });
    assert.equal(countOf(place, 401), 0);
    const of = { settings: settings({ few: requests, requests }), goals: GOALS };
    assert.equal(judged(MANY, seen, of).verdict, 'pass', judged(MANY, seen, of).reason);
  });
});

const CRASH = 'failover/backend/pod-crash';
const SUBJECT = { check: CRASH, store: 'edge', trial: 1 };

/** Writes of a client load by their details, without what they waited for. */
function byDetail(place: Place): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of place.lines('client-load.ndjson')) {
    if (!Array.isArray(line) || line[0] !== 'w') continue;
    const detail = String(line[6] ?? 'ok').replace(/;?(?:waited|opened)=[\d.]+/g, '') || 'ok';
    counts[detail] = (counts[detail] ?? 0) + 1;
  }
  return counts;
}

describe('a client load behind a gateway', { concurrency: true }, () => {
  it('should say which request was refused, and as whom it asked, where not one gets through', async () => {
    for (const [status, expected] of [
      [
        401,
        /^application\.requests\.look \(GET \/orders\?size=1\) was refused with 401: .*; shown was a token of application\.credentials\.oauth2 \(http:.*\/token\); its last answer: credentials: status 401$/,
      ],
      [403, /was refused with 403: the account of the credentials .* may not send this request/],
      [
        302,
        /was sent to a login page: .*its last answer: login: status 302 to https:\/\/login\.example\.com\/realms\/shop\/auth$/,
      ],
    ] as const) {
      const place = await placeBehind({ otherwise: () => status });
      const loads = new ClientLoads(place.runner);
      await assert.rejects(loads.start(SUBJECT), (error: Error & { reason?: string }) => {
        assert.match(error.message, expected);
        assert.equal(error.reason, 'unreachable');
        return true;
      });
    }
  });

  it('should count requests of a time without a token, and say what became of the renewals', async () => {
    let gives = true;
    const place = await placeBehind({ tokenMs: 2_000, saidSeconds: 2, gives: () => gives, ...LIMITED });
    const loads = new ClientLoads(place.runner);
    await loads.start(SUBJECT);
    const acknowledged = async (count: number): Promise<number> => {
      const order = { check: CRASH, until: 'acknowledged', count, timeoutMs: 30_000 } as const;
      const { met, failed } = await loads.wait(order, limit());
      assert.equal(met, true);
      return failed;
    };
    await acknowledged(20);
    gives = false;
    const refused = (): true | null => (countOf(place, 401) >= 20 ? true : null);
    await waitFor(refused, { what: 'requests with a token that has expired', deadlineMs: 30_000 });
    gives = true;
    assert.ok((await acknowledged(countOf(place, 200) + 50)) >= 20, 'the refused ones are counted');
    await loads.stop(CRASH);
    const counts = byDetail(place);
    assert.equal(counts['credentials: status 401'], countOf(place, 401), JSON.stringify(counts));
    assert.equal(counts['rate-limit: status 429, retry after 1 s'], countOf(place, 429));
    const [, used = {}] = place.seen('client-load.ndjson').find(([kind]) => kind === 'credentials') ?? [];
    assert.ok(Number(used['renewals']) >= 1 && Number(used['failures']) >= 1, JSON.stringify(used));
    assert.match(String(used['trouble']), /token endpoint .* answers 503/);
    const given = Array.from({ length: place.before.tokens() }, (_, at) => `token-${at + 1}`);
    assert.ok(given.length > 1, 'the process of the load gets tokens of its own');
    assert.deepEqual(
      given.filter((token) => !place.kept.includes(token)),
      [],
    );
  });
});
