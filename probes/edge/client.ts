import { z } from 'zod';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { basePathOf, exchangeFor, heard, valuesFor } from '../application/asking.ts';
import type { ApplicationTarget } from '../application/asking.ts';
import { Credentials } from '../application/credentials.ts';
import type { CredentialsPlan } from '../application/credentials.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import type { ContractRequest } from '../application/contract.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { REFUSAL_TEXTS, refusalIn } from '../../reports/record/refusals.ts';
import { HttpConnection, httpErrorClass, wasRefused } from './connection.ts';
import { edgeEndpoint } from './endpoint.ts';
import type { ClientCertificate } from './endpoint.ts';

/** What the runner hands over of the contract: it was checked when the environment file was read. */
export interface EdgeLoadDeclared {
  url: string;
  target: Pick<ApplicationTarget, 'contract' | 'prefix'>;
  request: ContractRequest;
  /** Its key in the environment file: `application.requests.look`. */
  named: string;
  /** By what a client is recognised, for people: where it is declared, and where its values come from. */
  shown: string;
  /** PEM of the authorities that a client trusts; the system's when left out. */
  ca?: string;
  /** Who asks; its secrets are those of the connection. */
  credentials?: CredentialsPlan;
}

/** Names of the connection's secrets with what the client shows in TLS. */
export const CLIENT_CERTIFICATE = { certificate: 'client:certificate', key: 'client:key' } as const;

const declaredSchema = z.object({
  url: z.url(),
  target: z.custom<EdgeLoadDeclared['target']>((value) => typeof value === 'object' && value !== null),
  request: z.custom<ContractRequest>((value) => typeof value === 'object' && value !== null),
  named: z.string(),
  shown: z.string(),
  ca: z.string().optional(),
  credentials: z.custom<CredentialsPlan>((value) => typeof value === 'object' && value !== null).optional(),
});

/** What proves that a request failed; everything else that is not answered as declared is unanswered. Both count as failed. */
export const EDGE_DEFINITE_FAILURES: readonly string[] = [
  'connect: any error before the request was sent',
  'status: any answer but those that the contract expects',
  'credentials: a 401, so that who asked was not recognised and nothing was done',
  'login: sent to a login page, so that nothing was done',
  'permission: a 403, so that who asked may not and nothing was done',
  'rate-limit: a 429, so that nothing was done',
  'correlation-id: a good answer without the correlation id of this request, so another service answered',
  'not the service: a good answer without the header that only the service sets',
  'answer: an answer without what the contract expects in it',
  'no id: an answer that does not name what was created',
];

const TRY_AGAIN_MS = 200;
/** Waiting mends no wrong key: who is turned away for so long is given up. A token that was revoked is renewed in less. */
const REFUSED_MS = 3_000;

/** Turned away for who asks. A rate limit may let the next request through. */
function isTurnedAway(seen: string | null): boolean {
  const refusal = seen === null ? null : refusalIn(seen);
  return refusal !== null && refusal !== 'rate-limit';
}

/** Requests through the edge: each is one of the application's contract, over kept connections, one attempt, no redirects. */
export class EdgeLoadClient implements LoadClient {
  readonly #target: ApplicationTarget;
  readonly #request: ContractRequest;
  readonly #words: Pick<EdgeLoadDeclared, 'named' | 'shown'>;
  readonly #run: string;
  readonly #credentials: Credentials | null;

  /**
   * @param onSecret gets each token that it is given
   * @throws ZodError when the connection does not declare the request.
   */
  constructor(connection: StoreConnection, run: string, onSecret?: (secret: string) => void) {
    const {
      url: text,
      target,
      request,
      ca,
      credentials,
      ...words
    } = declaredSchema.parse(connection.declared);
    const url = new URL(text);
    const { host, port, secrets = {} } = connection;
    const endpoint = edgeEndpoint(url, undefined, { ca, client: clientIn(secrets) });
    this.#credentials =
      credentials === undefined ? null : new Credentials({ plan: credentials, values: secrets, onSecret });
    this.#target = {
      ...target,
      url,
      endpoint: { ...endpoint, host, port },
      ...(this.#credentials !== null && { identity: this.#credentials }),
    };
    this.#request = request;
    this.#words = words;
    this.#run = run;
  }

  /** One request must get through: else there is nothing to measure. */
  async prepare(deadlineMs: number): Promise<void> {
    const end = monoMs() + deadlineMs;
    await this.#credentials?.open(AbortSignal.timeout(Math.ceil(deadlineMs)));
    let last = 'nothing';
    let refusedFromMs = Infinity;
    const failure = await lookUntil(
      async () => {
        const seen = await this.#once(end);
        // An error caused by the deadline itself says less than the one before it.
        if (seen !== null && (monoMs() < end || last === 'nothing')) last = seen;
        refusedFromMs = isTurnedAway(seen) ? Math.min(refusedFromMs, monoMs()) : Infinity;
        return seen;
      },
      (seen) => seen === null || monoMs() - refusedFromMs >= REFUSED_MS,
      { deadlineMs, intervalMs: TRY_AGAIN_MS },
    );
    if (failure !== null) throw new Error(this.#unheardText(last));
  }

  /** Why not one request got through. @param last what the last one got */
  #unheardText(last: string): string {
    const { method, path } = this.#request;
    const { named, shown } = this.#words;
    const what = `${method} ${basePathOf(this.#target.url)}${path}`;
    const refusal = refusalIn(last);
    return refusal === null
      ? `the edge answers ${last} to ${what} (${named}), expected an answer as the application's contract has it`
      : `${named} (${what}) was ${REFUSAL_TEXTS[refusal]}; ${shown}; its last answer: ${last}`;
  }

  /** Null when a request got through, else what it got. */
  async #once(endMs: number): Promise<string | null> {
    const session = this.session();
    const left = Math.max(1, endMs - monoMs());
    const timer = setTimeout(() => session.destroy(), left);
    try {
      await session.open(left);
      const seen = await session.write(0);
      return seen.outcome === 'ok' ? null : (seen.detail ?? seen.outcome);
    } catch (error) {
      return httpErrorClass(error);
    } finally {
      clearTimeout(timer);
      session.destroy();
    }
  }

  session(): ClientLoadSession {
    const connection = new HttpConnection(this.#target.endpoint);
    const send = (n: number): Promise<OperationResult> => this.#send(connection, n);
    return {
      open: (connectTimeoutMs) => connection.open(connectTimeoutMs),
      write: send,
      read: () => send(0),
      usable: () => connection.usable(),
      destroy: () => connection.destroy(),
    };
  }

  refused(error: unknown): boolean {
    return wasRefused(error);
  }

  errorClass(error: unknown): string {
    return httpErrorClass(error);
  }

  /** What became of the credentials; null: none are declared. */
  end(): NewSeen<'credentials'>[] | null {
    this.#credentials?.close();
    return this.#credentials === null ? null : [{ kind: 'credentials', ...this.#credentials.counts() }];
  }

  /** What was created is followed by the id in its detail. The first request (0) only tests the way. */
  async #send(connection: HttpConnection, n: number): Promise<OperationResult> {
    const target = this.#target;
    const values = valuesFor(target, { correlationId: `${this.#run}/${n}`, n });
    try {
      const question = exchangeFor(target, this.#request, { values });
      const reply = await connection.ask(question);
      const { ok, why, id } = heard(target, this.#request, { values, sent: question.headers, reply });
      if (!ok) return { outcome: 'fail', detail: why };
      return id === null ? { outcome: 'ok' } : { outcome: 'ok', detail: `id=${encodeURIComponent(id)}` };
    } catch (error) {
      return { outcome: 'unknown', detail: httpErrorClass(error) };
    }
  }
}

function clientIn(secrets: Record<string, string>): ClientCertificate | undefined {
  const [certificate, key] = [secrets[CLIENT_CERTIFICATE.certificate], secrets[CLIENT_CERTIFICATE.key]];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}
