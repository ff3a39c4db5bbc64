import type { Credentials as Declared, Environment, SecretSource } from '../../env/schema.ts';
import { Credentials } from '../../probes/application/credentials.ts';
import type {
  CredentialCounts,
  CredentialsPlan,
  CredentialValues,
} from '../../probes/application/credentials.ts';
import { NOBODY } from '../../probes/application/identity.ts';
import { sourceText } from '../../probes/declaring.ts';
import type { Identity } from '../../probes/application/identity.ts';
import { trusted } from '../../probes/edge/edge-request.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import type { StoreTargets } from './store-target.ts';

/** Reads secrets, and keeps those that it read out of everything that is written. */
type Secrets = Pick<StoreTargets, 'secret' | 'reread' | 'keep'>;

/** As whom the application is asked. */
export interface Access {
  identity: Identity;
  /** PEM certificate and key that a client shows in TLS. */
  client?: { certificate: string; key: string };
  /** For another process, which gets the values beside the plan; null: nothing is declared. */
  plan: CredentialsPlan | null;
  /** As they are now. Never rejects. */
  valuesNow(): Promise<CredentialValues>;
  /** By what it is recognised, for people; nothing secret. */
  shown: string;
  /** ms until what is shown expires; null: it does not. */
  leftMs(): number | null;
  /** Calls back after each renewal, until the returned function is called. */
  onRenewed(listener: () => void): () => void;
}

const NEVER: CredentialCounts = { renewals: 0, refusals: 0, failures: 0, trouble: '' };
const NOTHING: Access = {
  identity: NOBODY,
  plan: null,
  valuesNow: () => Promise.resolve({}),
  shown: 'no application.credentials are declared',
  leftMs: () => null,
  onRenewed: () => () => undefined,
};

/** The credentials of the application, opened when the first request needs them and kept valid for the run. */
export class ApplicationAccess {
  readonly #declared: Declared | undefined;
  readonly #secrets: Secrets;
  readonly #listeners = new Set<() => void>();
  #opened: Promise<Access> | null = null;
  #credentials: Credentials | null = null;

  constructor({ application }: Pick<Environment, 'application'>, secrets: Secrets) {
    this.#declared = application?.credentials;
    this.#secrets = secrets;
  }

  /** @throws RequestError when a secret cannot be read, or the token endpoint gives no token */
  async open(): Promise<Access> {
    if (this.#declared === undefined) return NOTHING;
    this.#opened ??= this.#open(this.#declared).catch((error: unknown) => {
      this.#opened = null; // the next request tries again
      throw error instanceof RequestError
        ? error
        : new RequestError(`application.credentials: ${errorText(error)}`, 'unavailable', { cause: error });
    });
    return this.#opened;
  }

  /** For a report: how often what was shown had to be renewed, and why; null: never. Loads in other processes count theirs in their histories. */
  text(): string | null {
    const { renewals, refusals, failures, trouble } = this.#credentials?.counts() ?? NEVER;
    if (renewals + refusals + failures === 0) return null;
    const failed = failures === 0 ? '' : `; ${failures} renewals failed: ${trouble}`;
    return `application.credentials: renewed ${renewals} times; refused ${refusals} times${failed}`;
  }

  close(): void {
    this.#credentials?.close();
  }

  async #open(declared: Declared): Promise<Access> {
    const { bearer, oauth2, client } = declared;
    const mayChange = bearer ?? oauth2?.clientSecret;
    const [plan, values] = [await planOf(declared), await this.#valuesOf(declared)];
    const credentials = new Credentials({
      plan,
      values,
      ...(mayChange !== undefined && { reread: () => this.#secrets.reread(mayChange) }),
      onSecret: (secret) => this.#secrets.keep(secret),
      onRenewed: () => this.#listeners.forEach((listener) => listener()),
    });
    await credentials.open();
    this.#credentials = credentials;
    const shown = client === undefined ? null : await this.#clientOf(client);
    return {
      identity: credentials,
      plan,
      shown: shownText(declared),
      ...(shown !== null && { client: shown }),
      valuesNow: () => credentials.valuesNow(),
      leftMs: () => credentials.leftMs(),
      onRenewed: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
    };
  }

  async #valuesOf({ headers = {}, bearer, basic, oauth2 }: Declared): Promise<Record<string, string>> {
    const named: [string, SecretSource | undefined][] = [
      ...Object.entries(headers).map(([name, source]): [string, SecretSource] => [`header:${name}`, source]),
      ['bearer', bearer],
      ['password', basic?.password],
      ['clientSecret', oauth2?.clientSecret],
    ];
    const values: Record<string, string> = {};
    for (const [name, source] of named)
      if (source !== undefined) values[name] = await this.#secrets.secret(source);
    return values;
  }

  async #clientOf({
    certificate,
    key,
  }: NonNullable<Declared['client']>): Promise<{ certificate: string; key: string }> {
    return { certificate: await this.#secrets.secret(certificate), key: await this.#secrets.secret(key) };
  }
}

/** Where what is shown is declared, and where its value comes from. */
function shownText({ headers = {}, bearer, basic, oauth2, client }: Declared): string {
  const at = (key: string, source: SecretSource): string =>
    `application.credentials.${key} (${sourceText(source)})`;
  const parts = [
    ...Object.entries(headers).map(([name, source]) => at(`headers.${name}`, source)),
    ...(bearer === undefined ? [] : [at('bearer', bearer)]),
    ...(basic === undefined ? [] : [at('basic', basic.password)]),
    ...(oauth2 === undefined ? [] : [`a token of application.credentials.oauth2 (${oauth2.tokenUrl})`]),
    ...(client === undefined ? [] : [at('client.certificate', client.certificate)]),
  ];
  return `shown was ${parts.join(', ')}`;
}

async function planOf({ headers = {}, bearer, basic, oauth2 }: Declared): Promise<CredentialsPlan> {
  return {
    headers: Object.keys(headers),
    ...(bearer !== undefined && { bearer: 'file' in bearer ? { file: bearer.file } : {} }),
    ...(basic !== undefined && { basic: { user: basic.user } }),
    ...(oauth2 !== undefined && { oauth2: await endpointOf(oauth2) }),
  };
}

async function endpointOf({
  clientSecret: _secret,
  trust = 'system',
  ...rest
}: NonNullable<Declared['oauth2']>): Promise<NonNullable<CredentialsPlan['oauth2']>> {
  const authorities = await trusted(trust);
  if ('unavailable' in authorities) throw new RequestError(authorities.unavailable, 'unavailable');
  return { ...rest, ca: authorities.pem };
}
