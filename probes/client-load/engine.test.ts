import { afterEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperationLine } from '../../reports/record/history/history.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from './client.ts';
import { ClientLoadEngine } from './engine.ts';
import type { EngineOptions } from './engine.ts';

/** A store in this process: up or down, quick, slow or mute. */
class Store implements LoadClient {
  up = true;
  refuses = false;
  mute = false;
  /** Reads get no answer. */
  muteReads = false;
  opened = 0;
  /** This process is held back so long when it looks at a connection, ms. */
  stallMs = 0;
  /** Connecting, and a write, take this long, ms. */
  openMs = 0;
  writeMs = 0;
  opening = 0;
  mostOpening = 0;
  mostOpeningAtFirstWrite = 0;
  live = 0;
  mostLive = 0;
  readonly written: number[] = [];
  result: OperationResult = { outcome: 'ok' };

  prepare(): Promise<void> {
    return Promise.resolve();
  }
  refused(): boolean {
    return this.refuses;
  }
  errorClass(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
  }
  session(): ClientLoadSession {
    let open = false;
    const end = (): void => {
      if (open) this.live--;
      open = false;
    };
    return {
      open: async () => {
        await Promise.resolve();
        if (!this.up) throw new Error('refused');
        this.mostOpening = Math.max(this.mostOpening, ++this.opening);
        if (this.openMs > 0) await sleep(this.openMs, undefined, { ref: false });
        this.opening--;
        open = true;
        this.opened++;
        this.mostLive = Math.max(this.mostLive, ++this.live);
      },
      write: async (n) => {
        if (this.mute) return new Promise(() => undefined);
        if (this.writeMs > 0) await sleep(this.writeMs, undefined, { ref: false });
        if (!this.up) return { outcome: 'unknown', detail: 'reset' };
        if (this.written.length === 0) this.mostOpeningAtFirstWrite = this.mostOpening;
        this.written.push(n);
        return this.result;
      },
      read: () =>
        this.muteReads
          ? new Promise(() => undefined)
          : Promise.resolve({ outcome: 'ok', detail: String(this.written.length) }),
      usable: () => {
        const untilMs = performance.now() + this.stallMs;
        while (performance.now() < untilMs);
        return open;
      },
      destroy: end,
    };
  }
}

const engines: ClientLoadEngine[] = [];
// A test that failed must not leave one running.
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
});

function run(
  store: Store,
  options: Partial<EngineOptions> = {},
): { engine: ClientLoadEngine; lines: OperationLine[] } {
  const lines: OperationLine[] = [];
  const engine = new ClientLoadEngine({
    client: store,
    ratePerSecond: 200,
    readRatePerSecond: 20,
    operationTimeoutMs: 60,
    connectTimeoutMs: 50,
    waitTimeoutMs: 30,
    connections: 2,
    maxConnections: 3,
    record: (line) => lines.push(line),
    ...options,
  });
  engines.push(engine);
  return { engine, lines };
}
const writes = (lines: OperationLine[]): OperationLine[] => lines.filter(([kind]) => kind === 'w');
/** The error of an operation, without the notes beside it. */
const errorOf = (line: OperationLine): string =>
  (line[6] ?? '')
    .split(';')
    .filter((part) => !/^(waited|refused|opened)=/.test(part))
    .join(';');

describe('the client load engine', () => {
  it('should keep places for writes while every read hangs', async () => {
    const store = new Store();
    store.muteReads = true;
    const { engine, lines } = run(store, {
      readRatePerSecond: 100,
      operationTimeoutMs: 500,
      maxConnections: 4,
    });
    await engine.open(1000);
    engine.start();
    await sleep(300);
    await engine.stop();
    assert.ok(writes(lines).length > 40);
    assert.deepEqual(
      writes(lines).filter(([, , , , , outcome]) => outcome !== 0),
      [],
    );
    assert.ok(lines.some(([kind, , , , , outcome]) => kind === 'r' && outcome === 3));
  });

  it('should start each write when it is due, number it without gaps and record it once', async () => {
    const store = new Store();
    const { engine, lines } = run(store);
    await engine.open(1000);
    assert.equal(store.opened, 2);
    engine.start();
    const began = performance.now();
    await sleep(300);
    const { scheduled, scheduledReads } = await engine.stop();
    const lasted = performance.now() - began;
    // Answers may come in another order than the questions.
    const all = writes(lines).sort(([, a], [, b]) => a - b);
    assert.equal(all.length, scheduled);
    assert.deepEqual(
      all.map(([, n]) => n),
      Array.from({ length: scheduled }, (_, i) => i + 1),
    );
    assert.ok(scheduled >= 50 && scheduled <= lasted / 5 + 2, `${scheduled} in ${lasted} ms`);
    assert.ok(scheduledReads >= 4 && scheduledReads <= lasted / 50 + 2, `${scheduledReads} in ${lasted} ms`);
    for (const [i, [, , intended, sent, done, outcome]] of all.entries()) {
      assert.ok(Math.abs(intended - ((all[0]?.[2] ?? 0) + i * 5)) < 0.01);
      assert.ok(intended <= sent && sent <= done);
      assert.equal(outcome, 0);
    }
  });

  it('should connect as a part of an operation while the store refuses, once for each', async () => {
    const store = new Store();
    const { engine, lines } = run(store, { readRatePerSecond: 0 });
    await engine.open(1000);
    engine.start();
    await sleep(60);
    store.up = false;
    await sleep(100);
    store.up = true;
    await sleep(60);
    await engine.stop();
    const details = writes(lines).map((line) => errorOf(line) || 'ok');
    assert.deepEqual([...new Set(details)].sort(), ['connect: refused', 'ok', 'reset']);
    const refused = writes(lines).filter((line) => errorOf(line) === 'connect: refused');
    assert.ok(refused.length >= 12, `${refused.length} attempts in 100 ms`);
    assert.ok(
      refused.every((line) => line[5] === 1),
      'what was never sent is a definite failure',
    );
    assert.ok(
      writes(lines)
        .filter((line) => errorOf(line) === 'reset')
        .every((line) => line[5] === 2),
      'a reset proves nothing',
    );
    assert.equal(writes(lines).at(-1)?.[5], 0);
    const ends = writes(lines);
    const firstBack = ends[ends.findLastIndex((line) => line[5] !== 0) + 1];
    const { lastOkMs, okSinceMs } = engine.progress();
    // Lines are rounded to the microsecond.
    for (const [told, line] of [
      [okSinceMs, firstBack],
      [lastOkMs, ends.at(-1)],
    ] as const)
      assert.ok(Math.abs((told ?? NaN) - (line?.[4] ?? NaN)) < 0.002, `${told} ${line?.[4]}`);
    const back = writes(lines).filter((line) => line[5] === 0 && /opened=[\d.]+/.test(line[6] ?? ''));
    assert.ok(back.length > 0, 'a write on a connection of its own says when that was up');
  });

  it('should let one alone connect to a store that is back, and note when it was last refused', async () => {
    const store = new Store();
    store.refuses = true;
    const { engine, lines } = run(store, { readRatePerSecond: 0, holdMs: 10_000 });
    await engine.open(1000);
    engine.start();
    await sleep(60);
    store.up = false;
    // Not a time: a machine that stands still meanwhile lets nobody ask.
    const refusals = (): number =>
      writes(lines).filter((line) => line[6]?.includes('refused=') === true).length;
    for (let tries = 0; refusals() < 8 && tries < 500; tries++) await sleep(10);
    store.openMs = 8; // an operation is due meanwhile
    store.mostOpening = 0;
    store.written.length = 0;
    store.up = true;
    await sleep(60);
    await engine.stop();
    assert.equal(store.mostOpeningAtFirstWrite, 1, 'connections at once before the first answer');
    const failed = writes(lines).findLastIndex((line) => line[5] === 1);
    // What a machine that stood still did not send says nothing of the store.
    const back = writes(lines)
      .slice(failed + 1)
      .filter((line) => line[5] !== 3);
    assert.ok(back.length > 5 && back.every((line) => line[5] === 0), JSON.stringify(back));
    const notes = writes(lines).map((line) => /refused=([\d.]+)/.exec(line[6] ?? '')?.[1]);
    const asked = notes.filter((note) => note !== undefined).map(Number);
    // 2 ms are meant; Node's timers are cut to whole milliseconds and may fire up to one early. Without a timer it would be some 0.1.
    assert.ok(asked.length >= 5 && asked.every((ms) => ms >= 0.5), asked.join(' '));
  });

  /** Every operation has to connect, since none is answered well. */
  const reconnecting = { readRatePerSecond: 0, connections: 1, maxConnections: 20, operationTimeoutMs: 1000 };
  const busy: OperationResult = { outcome: 'fail', detail: 'busy' };

  it('should open four connections at a time where connecting takes long, and not send who waits in vain', async () => {
    const store = new Store();
    store.openMs = 100;
    store.result = busy;
    const { engine, lines } = run(store, { ...reconnecting, waitTimeoutMs: 250 });
    await engine.open(1000);
    engine.start();
    await sleep(600);
    await engine.stop();
    assert.equal(store.mostOpening, 4);
    const places = writes(lines).filter((line) => line[6]?.includes('opened=') === true);
    const unsent = writes(lines).filter((line) => line[5] === 3);
    assert.ok(places.length >= 4 && unsent.length > 16, `${places.length} sent, ${unsent.length} not`);
    assert.ok(unsent.every((line) => line[3] - line[2] >= 250 && line[6] === undefined));
  });

  it('should leave who has waited for its turn to connect its whole time for the store', async () => {
    const store = new Store();
    store.openMs = 60;
    store.result = busy;
    const times = { operationTimeoutMs: 300, waitTimeoutMs: 600 };
    const { engine, lines } = run(store, { ...reconnecting, ...times });
    await engine.open(1000);
    engine.start();
    await sleep(800);
    await engine.stop();
    const late = writes(lines).filter((line) => Number(/waited=([\d.]+)/.exec(line[6] ?? '')?.[1]) > 300);
    assert.ok(late.length >= 4, `${late.length} waited for more than the deadline of an operation`);
    assert.deepEqual([...new Set(late.map(errorOf))], ['busy']);
  });

  it('should give a connection that becomes free to who has waited for its turn to connect', async () => {
    const store = new Store();
    const { engine, lines } = run(store, { ...reconnecting, waitTimeoutMs: 400 });
    await engine.open(1000);
    store.openMs = 100_000; // no other ever opens
    store.writeMs = 8; // longer than writes are apart
    engine.start();
    await sleep(400);
    await engine.stop();
    const given = writes(lines).filter(
      (line) => line[5] === 0 && Number(/^waited=([\d.]+)$/.exec(line[6] ?? '')?.[1]) > 20,
    );
    // Places are held for 200 ms: eight would come to it by their turns.
    assert.ok(given.length >= 20, `${given.length} of ${store.written.length} writes`);
  });

  it('should not wait behind connections that never open', async () => {
    const store = new Store();
    const { engine } = run(store, reconnecting);
    await engine.open(1000);
    store.openMs = 100_000; // longer than any deadline, whatever becomes of the connection
    store.result = busy;
    engine.start();
    await sleep(200);
    await engine.stop();
    assert.ok(store.mostOpening > 8, `${store.mostOpening}`);
  });

  it('should give up what gets no answer at its own deadline, hold others back, and drop what waits too long', async () => {
    const store = new Store();
    const { engine, lines } = run(store, { readRatePerSecond: 0 });
    await engine.open(1000);
    store.mute = true;
    engine.start();
    await sleep(200);
    store.mute = false;
    const { scheduled } = await engine.stop();
    const outcomes = writes(lines).map((line) => line[5]);
    assert.equal(outcomes.length, scheduled);
    assert.ok(outcomes.includes(2) && outcomes.includes(3), outcomes.join(' '));
    assert.ok(store.mostLive <= 3, `${store.mostLive} connections`);
    const given = writes(lines).filter((line) => line[5] === 2);
    const otherwise = given.filter(
      ([, , , sent, done, , detail]) => done - sent < 59 || detail?.startsWith('deadline') !== true,
    );
    assert.deepEqual(otherwise, []);
    assert.ok(
      given.some((line) => /waited=\d/.test(line[6] ?? '')),
      'waiting for a connection is noted',
    );
    const { ok, fail, unknown, unsent } = engine.progress();
    assert.equal(ok + fail + unknown + unsent, scheduled);
  });

  it('should give an operation its whole time from when it is sent, also where this process is held back before', async () => {
    const store = new Store();
    const { engine, lines } = run(store, { ratePerSecond: 10, readRatePerSecond: 0 });
    await engine.open(1000);
    Object.assign(store, { mute: true, stallMs: 15 });
    engine.start();
    await sleep(250);
    await engine.stop();
    const took = writes(lines).map(([, , , sent, done]) => done - sent);
    assert.ok(took.length > 0 && Math.min(...took) >= 59, took.join(' '));
  });

  it('should try each operation once, and connect again after an error', async () => {
    const store = new Store();
    store.result = { outcome: 'fail', detail: '25006' };
    const { engine, lines } = run(store, { readRatePerSecond: 0 });
    await engine.open(1000);
    engine.start();
    await sleep(100);
    const { scheduled } = await engine.stop();
    assert.equal(new Set(store.written).size, store.written.length);
    assert.equal(store.written.length, scheduled);
    assert.ok(store.opened >= scheduled, `${store.opened} connections for ${scheduled} failed operations`);
    assert.equal(
      writes(lines).every((line) => errorOf(line) === '25006'),
      true,
    );
  });

  it('should say why the store could not be reached at the start', async () => {
    const store = new Store();
    store.up = false;
    await assert.rejects(run(store).engine.open(120), /refused/);
  });
});
