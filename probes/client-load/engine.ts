import type { Outcome } from '../../reports/record/history/history.ts';
import { OUTCOMES } from '../../reports/record/history/history.ts';
import type { OperationLine } from '../../reports/record/history/history.ts';
import { monoMs } from '../../host/clock.ts';
import { retry } from '../../host/wait.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from './client.ts';
import { Gate } from './gate.ts';
import type { Entry } from './gate.ts';
import { Pacer } from './pacer.ts';
import { Scout } from './scout.ts';

export interface EngineOptions {
  client: LoadClient;
  ratePerSecond: number;
  readRatePerSecond: number;
  /** From sending to giving up, ms; the connection is then destroyed. */
  operationTimeoutMs: number;
  /** For reaching the server when an operation has to connect first, ms. */
  connectTimeoutMs: number;
  /** How long an operation may wait for a free connection before it counts as `unsent`, ms. */
  waitTimeoutMs: number;
  /** Connections opened before the first operation, and the most that there may ever be. */
  connections: number;
  maxConnections: number;
  /** How long others may be held back behind one that connects, ms; see scout.ts. */
  holdMs?: number;
  /** Gets every operation once, when it has ended. */
  record(line: OperationLine): void;
}

export interface ClientLoadProgress {
  /** CLOCK_MONOTONIC ms, like every time here. Counts are of writes. */
  t: number;
  /** When the first operation was due. */
  startedMs: number | null;
  ok: number;
  fail: number;
  unknown: number;
  unsent: number;
  scheduled: number;
  lastOkMs: number | null;
  /** The first success after the last failure, or of all; null: none. A stretch without a failure begins with it, as judges count it. */
  okSinceMs: number | null;
  /** The last read that was sent and not answered as it should; null: none. */
  readNotOkMs: number | null;
}

interface Operation {
  kind: 'w' | 'r';
  n: number;
  intendedMs: number;
}
/** An operation that found no free connection, and when it began to wait. */
interface Waiting {
  operation: Operation;
  sinceMs: number;
}

/** One operation in flight. */
interface Attempt {
  session: ClientLoadSession;
  operation: Operation;
  /** When it began, and when it last asked the store for anything: a connection, or over one that was there. */
  firstMs: number;
  sentMs: number;
  /** Its statement has left this process, or may have. */
  sent: boolean;
  /** When it last asked for a connection and was refused, before it asked again. */
  refusedMs: number | null;
  /** When the connection that it opened itself was logged in. */
  openedMs: number | null;
  /** Its place among those that open a connection; null: it has none. */
  place: NodeJS.Timeout | null;
  /** Runs while it may ask the store, not while it waits for its turn to connect; and what happens when it has passed. */
  deadline: NodeJS.Timeout | undefined;
  giveUp: () => void;
  asked: boolean;
  /** Its deadline has passed: it has its result, and may no longer use a connection. */
  over: boolean;
}

/** Two or three questions an operation at 200 a second; a refused one costs some 0.3 ms of a core. */
const ASK_AGAIN_MS = 2;

/**
 * An open-loop client load: operations start when they are due, never because others have ended. Each takes a free connection;
 * where none is up it connects as a part of itself, so that every few milliseconds an attempt shows
 * whether the store is back, and a refused one is a failure with a time of its own.
 */
export class ClientLoadEngine {
  readonly #options: EngineOptions;
  readonly #idle: ClientLoadSession[] = [];
  #sessions = 0;
  #waiting: Waiting[] = [];
  #outstanding = 0;
  readonly #scout: Scout;
  readonly #gate: Gate;
  #stopping = false;
  #drained: (() => void) | null = null;
  #pacer: Pacer | null = null;
  readonly #progress: ClientLoadProgress = {
    t: 0,
    startedMs: null,
    ok: 0,
    fail: 0,
    unknown: 0,
    unsent: 0,
    scheduled: 0,
    lastOkMs: null,
    okSinceMs: null,
    readNotOkMs: null,
  };
  #scheduledReads = 0;
  /** Reads that have not ended. */
  #reads = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#scout = new Scout(options.holdMs);
    this.#gate = new Gate(options.waitTimeoutMs / 2);
  }

  /**
   * Opens the pool. @throws the last error of the client when the store cannot be reached before the deadline.
   */
  async open(deadlineMs: number): Promise<void> {
    const end = monoMs() + deadlineMs;
    for (; this.#sessions < this.#options.connections; this.#sessions++)
      this.#idle.push(await this.#openSession(end));
  }

  start(): void {
    const startMs = monoMs() + 20;
    this.#progress.startedMs = startMs;
    const { ratePerSecond, readRatePerSecond } = this.#options;
    this.#pacer = new Pacer([
      { ratePerSecond, startMs, due: (n, intendedMs) => this.#due({ kind: 'w', n, intendedMs }) },
      // Half a write later, so that a read never competes with a write for its instant.
      {
        ratePerSecond: readRatePerSecond,
        startMs: startMs + 500 / ratePerSecond,
        due: (n, intendedMs) => this.#due({ kind: 'r', n, intendedMs }),
      },
    ]);
    this.#pacer.start();
  }

  /** Schedules nothing more, waits for what is outstanding (bounded by the time-outs), closes the connections. */
  async stop(): Promise<{ scheduled: number; scheduledReads: number }> {
    this.#stopping = true;
    this.#pacer?.stop();
    const { waitTimeoutMs, operationTimeoutMs } = this.#options;
    const giveUp = setTimeout(() => this.#dropWaiting(Infinity), waitTimeoutMs + operationTimeoutMs);
    if (this.#outstanding > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    clearTimeout(giveUp);
    for (const session of this.#idle) session.destroy();
    return { scheduled: this.#progress.scheduled, scheduledReads: this.#scheduledReads };
  }

  progress(): ClientLoadProgress {
    return { ...this.#progress, t: monoMs() };
  }

  async #openSession(endMs: number): Promise<ClientLoadSession> {
    const open = async (leftMs: number): Promise<ClientLoadSession> => {
      const session = this.#options.client.session();
      const timer = setTimeout(() => session.destroy(), leftMs);
      try {
        const sinceMs = monoMs();
        await session.open(Math.min(leftMs, 2000));
        this.#gate.took(monoMs() - sinceMs);
        return session;
      } catch (error) {
        session.destroy();
        throw error;
      } finally {
        clearTimeout(timer);
      }
    };
    return await retry(open, { deadlineMs: endMs - monoMs(), intervalMs: 50 });
  }

  #due(operation: Operation): void {
    const now = monoMs();
    this.#outstanding++;
    if (operation.kind === 'w') {
      this.#progress.scheduled++;
    } else {
      this.#scheduledReads++;
      this.#reads++;
      // Reads that hang must leave places for writes: it is writes that show whether the store is back.
      if (this.#reads > Math.ceil(this.#options.maxConnections / 2)) {
        this.#ended(operation, now, 'unsent', '');
        return;
      }
    }
    this.#dropWaiting(now - this.#options.waitTimeoutMs);
    const session = this.#waiting.length === 0 ? this.#take() : null;
    if (session === null) this.#waiting.push({ operation, sinceMs: now });
    else this.#run(session, operation, 0);
  }

  /** A usable connection, the one that rested longest; else one that has to connect; null when all are busy. */
  #take(): ClientLoadSession | null {
    const usable = this.#idle.findIndex((session) => session.usable());
    const found = this.#idle.splice(Math.max(0, usable), 1)[0];
    if (found !== undefined) return found;
    if (this.#sessions >= this.#options.maxConnections) return null;
    this.#sessions++;
    return this.#options.client.session();
  }

  /** Records `unsent` for every operation that has waited since before `sinceMs`. */
  #dropWaiting(sinceMs: number): void {
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined || first.sinceMs > sinceMs) return;
      this.#waiting.shift();
      const now = monoMs();
      this.#ended(first.operation, now, 'unsent', '');
    }
  }

  #run(session: ClientLoadSession, operation: Operation, waitedMs: number): void {
    const now = monoMs();
    const attempt: Attempt = {
      session,
      operation,
      firstMs: now,
      sentMs: now,
      refusedMs: null,
      openedMs: null,
      sent: false,
      asked: false,
      over: false,
      place: null,
      deadline: undefined,
      giveUp: () => undefined,
    };
    if (!session.usable()) this.#replace(attempt);
    void this.#underDeadline(attempt).then((result) => {
      // Asking again for a connection is waiting for one: the operation itself was sent once, at `sentMs`.
      const detail = noteOf(attempt, result.detail ?? '', waitedMs);
      // One that only waited for its turn to connect has seen nothing of the store.
      if (attempt.asked) this.#ended(operation, attempt.sentMs, result.outcome, detail);
      else this.#ended(operation, monoMs(), 'unsent', '');
      // A connection that failed is not trusted: the next operation in this place opens a new one.
      if (result.outcome !== 'ok') attempt.session.destroy();
      this.#release(attempt.session);
      // Only now, so that the first operation waiting behind it finds this connection free.
      this.#scout.leave(attempt);
    });
  }

  #release(session: ClientLoadSession): void {
    // Who waits for a turn to connect was due before anybody who waits for a connection.
    if (session.usable() && this.#gate.offer()) {
      this.#idle.push(session);
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(session);
    else this.#run(session, next.operation, monoMs() - next.sinceMs);
  }

  #replace(attempt: Attempt): void {
    attempt.session.destroy();
    attempt.session = this.#options.client.session();
  }

  /** One attempt under the client's own deadline. Never rejects. */
  #underDeadline(attempt: Attempt): Promise<OperationResult> {
    return new Promise((resolve) => {
      attempt.giveUp = () => {
        attempt.over = true;
        attempt.session.destroy();
        resolve(
          attempt.sent
            ? { outcome: 'unknown', detail: 'deadline' }
            : { outcome: 'fail', detail: 'connect: deadline' },
        );
      };
      this.#beginDeadline(attempt);
      void this.#perform(attempt).then((result) => {
        clearTimeout(attempt.deadline);
        resolve(result);
      });
    });
  }

  #beginDeadline(attempt: Attempt): void {
    attempt.deadline = setTimeout(attempt.giveUp, this.#options.operationTimeoutMs);
  }

  async #perform(attempt: Attempt): Promise<OperationResult> {
    const refusal = await this.#connected(attempt);
    // The deadline may have destroyed the connection in the same turn: then nothing may be sent.
    if (attempt.over || !attempt.session.usable()) return { outcome: 'fail', detail: refusal };
    if (attempt.openedMs === null) this.#asks(attempt);
    attempt.sent = true;
    const { kind, n } = attempt.operation;
    const result = await (kind === 'w' ? attempt.session.write(n) : attempt.session.read());
    this.#scout.answered();
    return result;
  }

  /** Gets it a connection, if it has none. @returns why it may have none afterwards */
  async #connected(attempt: Attempt): Promise<string> {
    let refusal = 'connect: deadline';
    while (!attempt.session.usable()) {
      await this.#awaitTurn(attempt);
      if (attempt.over || attempt.session.usable()) break;
      try {
        if (!(await this.#connect(attempt))) break;
      } catch (error) {
        refusal = `connect: ${this.#options.client.errorClass(error)}`;
        if (!(await this.#asksAgain(attempt, error))) break;
      }
    }
    return refusal;
  }

  /** From here on an answer, or none, says something of the store. */
  #asks(attempt: Attempt): void {
    // It asks again only after a refusal.
    if (attempt.asked) attempt.refusedMs = attempt.sentMs;
    attempt.asked = true;
    attempt.sentMs = monoMs();
    // From sending to giving up: a process that was held back before this line has not waited for the store.
    attempt.deadline?.refresh();
  }

  /** Waits behind another operation that connects. */
  async #awaitTurn(attempt: Attempt): Promise<void> {
    if (await this.#scout.turn(attempt)) this.#takeFree(attempt);
  }

  /**
   * Opens its connection when fewer than may are being opened; unless one became free or its deadline passed meanwhile. Waiting for that is
   * waiting for a connection: one that waits longer than it may is not sent, and one that is has its whole time for the store.
   * @returns whether it may go on
   */
  async #connect(attempt: Attempt): Promise<boolean> {
    const entry = await this.#turnToConnect(attempt);
    if (entry === 'in vain') return false;
    if (entry !== 'offered') attempt.place = setTimeout(() => this.#leaveGate(attempt), this.#gate.holdMs);
    const sinceMs = monoMs();
    try {
      if (entry !== 'at once') this.#takeFree(attempt);
      // What was offered may have broken by now: it waits for its turn once more.
      if (attempt.over || attempt.session.usable() || entry === 'offered') return true;
      this.#asks(attempt);
      await attempt.session.open(this.#options.connectTimeoutMs);
      attempt.openedMs = monoMs();
      this.#gate.took(attempt.openedMs - sinceMs);
      return true;
    } catch (error) {
      if (this.#options.client.refused(error)) this.#gate.took(monoMs() - sinceMs);
      throw error;
    } finally {
      this.#leaveGate(attempt);
    }
  }

  async #turnToConnect(attempt: Attempt): Promise<Entry> {
    clearTimeout(attempt.deadline);
    // Node's timers fire up to a millisecond early, and one that is not sent has waited its whole time.
    const entry = await this.#gate.enter(this.#options.waitTimeoutMs + 1);
    if (entry !== 'in vain') this.#beginDeadline(attempt);
    return entry;
  }

  #leaveGate(attempt: Attempt): void {
    if (attempt.place === null) return;
    clearTimeout(attempt.place);
    attempt.place = null;
    this.#gate.leave();
  }

  /** For one that has waited: a connection that became free meanwhile is taken instead of a new one, and its own place given on. */
  #takeFree(attempt: Attempt): void {
    if (attempt.over) return;
    const free = this.#idle.findIndex((session) => session.usable());
    const [session] = free < 0 ? [] : this.#idle.splice(free, 1);
    if (session === undefined) return;
    const own = attempt.session;
    attempt.session = session;
    this.#release(own);
  }

  /**
   * While connections are refused, an operation retries every 2 ms until the next operation is due, so that the return is seen sooner.
   * The first refused operation does not retry: it shows when the outage began.
   */
  async #asksAgain(attempt: Attempt, error: unknown): Promise<boolean> {
    const known = this.#scout.refusing;
    const refused = this.#options.client.refused(error);
    this.#scout.seen(refused);
    this.#scout.leave(attempt);
    const nextMs = Math.max(attempt.sentMs + ASK_AGAIN_MS, monoMs());
    const lastMs = attempt.firstMs + 1000 / this.#options.ratePerSecond;
    if (!known || !refused || nextMs >= lastMs || this.#stopping) return false;
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, nextMs - monoMs())));
    if (attempt.over) return false;
    this.#replace(attempt);
    return true;
  }

  #ended({ kind, n, intendedMs }: Operation, sentMs: number, outcome: Outcome, detail: string): void {
    const doneMs = monoMs();
    const head = [kind, n, round(intendedMs), round(sentMs), round(doneMs), OUTCOMES[outcome]] as const;
    this.#options.record(detail === '' ? [...head] : [...head, detail]);
    if (kind === 'w') this.#count(outcome, doneMs);
    else {
      this.#reads--;
      if (outcome !== 'ok' && outcome !== 'unsent') this.#progress.readNotOkMs = doneMs;
    }
    this.#outstanding--;
    if (this.#outstanding === 0) this.#drained?.();
  }

  #count(outcome: Outcome, doneMs: number): void {
    const progress = this.#progress;
    progress[outcome]++;
    if (outcome === 'ok') {
      progress.lastOkMs = doneMs;
      progress.okSinceMs ??= doneMs;
    } else {
      progress.okSinceMs = null;
    }
  }
}

/** Waits are noted to a tenth of a millisecond. */
const LEAST_NOTED_MS = 0.05;

/**
 * What a detail says beside the error: `waited=MS` for a free connection, `refused=MS` for an operation that was refused
 * and asked again, that much before it was sent, and `opened=MS` for one whose own connection was up that much after it was
 * sent. The judge reads them (reports/judge/failover/notes.ts).
 */
function noteOf({ firstMs, sentMs, refusedMs, openedMs }: Attempt, detail: string, waitedMs: number): string {
  const waited = waitedMs + sentMs - firstMs;
  const notes = [
    detail,
    waited >= LEAST_NOTED_MS ? `waited=${waited.toFixed(1)}` : '',
    // To the microsecond, since it says when the store was down.
    refusedMs === null ? '' : `refused=${(sentMs - refusedMs).toFixed(3)}`,
    openedMs === null ? '' : `opened=${(openedMs - sentMs).toFixed(1)}`,
  ];
  return notes.filter((part) => part !== '').join(';');
}

/** Microseconds are finer than anything measured here, and short to write. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
