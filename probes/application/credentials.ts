import { readFile } from 'node:fs/promises';
import { monoMs } from '../../host/clock.ts';
import { basicCredentials } from '../../host/http.ts';
import { jwtExpiry } from '../../host/jwt.ts';
import { errorText } from '../../reports/record/error-text.ts';
import type { Identity } from './identity.ts';
import { clientCredentials, TokenRefused, tokenFrom } from './oauth2.ts';
import type { OAuth2Plan, Token } from './oauth2.ts';

/** How a client identifies itself, without anything secret: a secret stands in `CredentialValues` under the name that is given here. */
export interface CredentialsPlan {
  /** Headers; the value of each under `header:NAME`. */
  headers: readonly string[];
  /** The token under `bearer`; where it comes from a file, that is read again. */
  bearer?: { file?: string } | undefined;
  /** The password under `password`. */
  basic?: { user: string } | undefined;
  /** The secret of the client under `clientSecret`. */
  oauth2?: OAuth2Plan | undefined;
}

export type CredentialValues = Readonly<Record<string, string>>;

/** What became of credentials while they were used. */
export interface CredentialCounts {
  /** Tokens got after the first: ahead of expiry, and after a refusal. */
  renewals: number;
  /** Renewals that a refusal (401, a login page) caused, whatever became of them. */
  refusals: number;
  /** Renewals that failed. */
  failures: number;
  /** Why the last one failed; empty: none did. */
  trouble: string;
}

export interface CredentialsOptions {
  plan: CredentialsPlan;
  values: CredentialValues;
  /** Reads the bearer token, or the secret of the client, again where it comes from neither a file nor this process; it stays as it is when left out. */
  reread?: (() => Promise<string>) | undefined;
  /** Gets each new secret, and what a client shows of one in another form, so that it can be kept out of everything that is written. */
  onSecret?: ((secret: string) => void) | undefined;
  /** Called after each renewal. */
  onRenewed?: (() => void) | undefined;
}

/** Deadline of one answer of a token endpoint, ms. */
const TOKEN_MS = 10_000;
/** A refusal that comes sooner after the renewal for another one is of the new token: renewing it again would change nothing. */
const REFUSAL_APART_MS = 30_000;
/** After a renewal that failed, or brought a token that has expired; twice as long after each further one. */
const AGAIN_MS = 2_000;
/** The most of it: an identity provider may lock a client that asks in vain too often. */
const LONGEST_AGAIN_MS = 60_000;
/** Of a JWT that is read again. */
const JWT_LEAD_S = 30;
/** The longest wait of a timer (2^31 − 1 ms). */
const LONGEST_MS = 2_147_483_647;

/** Keeps what identifies a client valid: it is renewed before it expires, and once when it is refused. Requests never wait for that. */
export class Credentials implements Identity {
  readonly #options: CredentialsOptions;
  readonly #fixed: Record<string, string>;
  #values: CredentialValues;
  #token: Token | null = null;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | null = null;
  #refusedMs = -Infinity;
  /** Renewals in a row that brought no valid token. */
  #inVain = 0;
  /** The last renewal failed, and the next one has its time. */
  #failed = false;
  #closed = false;
  readonly #counts: CredentialCounts = { renewals: 0, refusals: 0, failures: 0, trouble: '' };

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#values = options.values;
    this.#fixed = fixedHeaders(options);
  }

  /** Gets the first token, where one is needed. @throws Error that says why there is none */
  async open(signal?: AbortSignal): Promise<void> {
    const { bearer, oauth2 } = this.#options.plan;
    if (bearer === undefined && oauth2 === undefined) return;
    this.#use(await this.#fetch(signal));
  }

  headers(): Record<string, string> {
    return this.#token === null
      ? this.#fixed
      : { ...this.#fixed, authorization: `Bearer ${this.#token.value}` };
  }

  /** The values as they are now, for another process: a bearer token is read again before. Never rejects. */
  async valuesNow(): Promise<CredentialValues> {
    if (this.#options.plan.bearer !== undefined) await this.#renew();
    return this.#values;
  }

  refused(sent: Record<string, string>): void {
    const now = monoMs();
    const current = this.headers()['authorization'];
    if (this.#token === null || sent['authorization'] !== current) return;
    if (this.#renewing !== null || this.#failed || now - this.#refusedMs < REFUSAL_APART_MS) return;
    this.#refusedMs = now;
    this.#counts.refusals++;
    void this.#renew();
  }

  counts(): CredentialCounts {
    return { ...this.#counts };
  }

  /** ms until the token expires; null: it does not, or does not say. */
  leftMs(): number | null {
    return this.#token?.untilMs === undefined ? null : this.#token.untilMs - monoMs();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Never rejects. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewOnce(): Promise<void> {
    try {
      const before = this.#token?.value;
      const token = await this.#fetch();
      this.#use(token);
      if (token.value === before) return;
      this.#counts.renewals++;
      this.#options.onRenewed?.();
    } catch (error) {
      this.#counts.failures++;
      this.#counts.trouble = errorText(error);
      this.#failed = true;
      this.#again(error instanceof TokenRefused ? error : undefined);
    }
  }

  async #fetch(signal?: AbortSignal): Promise<Token> {
    const { oauth2, bearer } = this.#options.plan;
    if (oauth2 !== undefined) return this.#granted(oauth2, signal);
    const { file } = bearer ?? {};
    if (file !== undefined) return bearerOf((await readFile(file, 'utf8')).trim());
    if (this.#token !== null) await this.#reread('bearer');
    return bearerOf(this.#values['bearer'] ?? '');
  }

  /** A client that is not recognised may have a new secret by now. */
  async #granted(plan: OAuth2Plan, signal?: AbortSignal): Promise<Token> {
    const shown = this.#values['clientSecret'] ?? '';
    const ask = (secret: string): Promise<Token> => {
      if (plan.sends === 'basic') this.#options.onSecret?.(clientCredentials(plan, secret));
      return tokenFrom(plan, secret, { deadlineMs: TOKEN_MS, signal });
    };
    try {
      return await ask(shown);
    } catch (error) {
      if (!(error instanceof TokenRefused && error.isOfClient)) throw error;
      await this.#reread('clientSecret').catch(() => undefined);
      const current = this.#values['clientSecret'] ?? '';
      if (current === shown) throw error;
      return await ask(current);
    }
  }

  async #reread(name: 'bearer' | 'clientSecret'): Promise<void> {
    const value = await this.#options.reread?.();
    if (value !== undefined) this.#values = { ...this.#values, [name]: value };
  }

  #use(token: Token): void {
    this.#token = token;
    this.#failed = false;
    this.#options.onSecret?.(token.value);
    const leftMs = (token.untilMs ?? Infinity) - monoMs();
    if (leftMs <= 0) {
      this.#again();
      return;
    }
    this.#inVain = 0;
    if (leftMs === Infinity) return;
    const leadMs = Math.min((this.#options.plan.oauth2?.renewSeconds ?? JWT_LEAD_S) * 1000, leftMs / 2);
    this.#schedule(Math.max(leftMs - leadMs, AGAIN_MS / 2));
  }

  /** The same secret of a client is shown no more often than it must be. */
  #again(refused?: TokenRefused): void {
    const waitMs = Math.min(AGAIN_MS * 2 ** this.#inVain++, LONGEST_AGAIN_MS);
    this.#schedule(Math.max(refused?.isOfClient === true ? LONGEST_AGAIN_MS : waitMs, refused?.waitMs ?? 0));
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#renew(), Math.min(waitMs, LONGEST_MS));
    this.#timer.unref();
  }
}

function fixedHeaders({ plan, values }: CredentialsOptions): Record<string, string> {
  const fixed = Object.fromEntries(
    plan.headers.map((name) => [name.toLowerCase(), values[`header:${name}`] ?? '']),
  );
  if (plan.basic === undefined) return fixed;
  const shown = basicCredentials({ user: plan.basic.user, password: values['password'] ?? '' });
  return { ...fixed, authorization: `Basic ${shown}` };
}

/** A bearer token, with its expiry where it is a JWT that says it; of another nobody but its issuer knows until when it is valid. */
function bearerOf(value: string): Token {
  const expiry = jwtExpiry(value);
  return expiry === null ? { value } : { value, untilMs: monoMs() + expiry * 1000 - Date.now() };
}
