/** Several addresses of one PostgreSQL: a connection goes to the first server that is not in recovery, as libpq connects with several hosts and `target_session_attrs=primary`. */
import { retry } from '../../host/wait.ts';
import type { ClientLoadSession, OperationResult } from '../client-load/client.ts';
import type { Bounds, StoreConnection } from '../store/store-driver.ts';
import { errorClass } from './errors.ts';
import { ATTEMPT_MS, BETWEEN_ATTEMPTS_MS, connectOnce, IN_RECOVERY, isFinal } from './query.ts';
import type { ShortClient } from './query.ts';

/**
 * How long a server that accepted the connection may take for the login and for saying whether it is in recovery, ms. A frozen server
 * accepts and never answers: it must be passed over well before the operation's own deadline of 1 s. Both take some 10 ms on two cores.
 */
const LOGIN_MS = 300;

/** The server is a replica: passed over. */
class InRecovery extends Error {
  override readonly name = 'InRecovery';
  constructor() {
    super('in recovery');
  }
}

/** Every address was passed over. */
export class NoPrimary extends Error {
  override readonly name = 'NoPrimary';
  /** Why, in the order of the addresses. */
  readonly passed: readonly unknown[];

  constructor(passed: readonly unknown[]) {
    super(`no primary: ${passed.map(errorClass).join(', ')}`, { cause: passed.at(-1) });
    this.passed = passed;
  }

  /** Did each server answer at once that it takes no writes now, or refuse the connection? */
  refused(isRefusal: (error: unknown) => boolean): boolean {
    return this.passed.every((error) => error instanceof InRecovery || isRefusal(error));
  }
}

/** Whether there is more than one address. */
export function isSeveral({ alternatives = [] }: StoreConnection): boolean {
  return alternatives.length > 0;
}

/** One connection for each address, in the order in which they are tried. */
function addressesOf({ alternatives = [], ...first }: StoreConnection): StoreConnection[] {
  return [first, ...alternatives.map((address) => ({ ...first, ...address }))];
}

/** A connection to one server that can say whether it is in recovery. */
interface ServerSession extends ClientLoadSession {
  /** @throws the error of the question */
  inRecovery(): Promise<boolean>;
}

/** A session of the client load with the first server that is not in recovery; each address has its own limit for connecting. */
export class FirstPrimarySession implements ClientLoadSession {
  readonly #connection: StoreConnection;
  readonly #sessionWith: (to: StoreConnection) => ServerSession;
  #current: ServerSession | null = null;
  #opened = false;
  #destroyed = false;

  constructor(connection: StoreConnection, sessionWith: (to: StoreConnection) => ServerSession) {
    this.#connection = connection;
    this.#sessionWith = sessionWith;
  }

  /** @throws NoPrimary */
  async open(connectTimeoutMs: number): Promise<void> {
    const passed: unknown[] = [];
    for (const to of addressesOf(this.#connection)) {
      if (this.#destroyed) break;
      try {
        await this.#openAt(to, connectTimeoutMs);
        this.#opened = true;
        return;
      } catch (error) {
        passed.push(error);
      }
    }
    throw new NoPrimary(passed);
  }

  async #openAt(to: StoreConnection, connectTimeoutMs: number): Promise<void> {
    const session = this.#sessionWith(to);
    this.#current = session;
    const timer = setTimeout(() => session.destroy(), connectTimeoutMs + LOGIN_MS);
    try {
      await session.open(connectTimeoutMs);
      if (await session.inRecovery()) throw new InRecovery();
    } catch (error) {
      session.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async write(n: number): Promise<OperationResult> {
    return (await this.#current?.write(n)) ?? { outcome: 'fail', detail: 'connect: not open' };
  }

  async read(): Promise<OperationResult> {
    return (await this.#current?.read()) ?? { outcome: 'fail', detail: 'connect: not open' };
  }

  usable(): boolean {
    return this.#opened && this.#current?.usable() === true;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#current?.destroy();
  }
}

/** As `connectWithin`, to the first server that is not in recovery. @throws NoPrimary, or as `connectWithin` */
export async function connectToPrimary(connection: StoreConnection, bounds: Bounds): Promise<ShortClient> {
  return await retry((deadlineMs) => firstOf(connection, { ...bounds, deadlineMs }), {
    ...bounds,
    intervalMs: BETWEEN_ATTEMPTS_MS,
    isFinal: (error) => error instanceof NoPrimary && error.passed.every(isFinal),
  });
}

async function firstOf(connection: StoreConnection, bounds: Bounds): Promise<ShortClient> {
  const passed: unknown[] = [];
  for (const to of addressesOf(connection)) {
    try {
      return await primaryAt(to, bounds);
    } catch (error) {
      bounds.signal?.throwIfAborted();
      passed.push(error);
    }
  }
  throw new NoPrimary(passed);
}

async function primaryAt(to: StoreConnection, bounds: Bounds): Promise<ShortClient> {
  const client = await connectOnce(to, bounds, Math.min(bounds.deadlineMs, ATTEMPT_MS));
  try {
    const [answer] = await client.query<{ replica: boolean }>(IN_RECOVERY);
    if (answer?.replica !== false) throw new InRecovery();
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}
