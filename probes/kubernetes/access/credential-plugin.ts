/**
 * Credentials that a command of the kubeconfig prints, such as `aws eks get-token` (Kubernetes documentation, "client-go credential plugins",
 * client.authentication.k8s.io/v1). The library's own way has no deadline, starts a process for every call that waits, and asks no second time
 * where the server refuses what is held.
 */
import { spawn } from 'node:child_process';
import type { RequestOptions } from 'node:https';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Cluster, KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { parseJson } from '../../../host/json.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { redactor, withoutTokens } from '../../redact.ts';

/** The command gave no credentials: mostly somebody must log in again. */
export class NoCredentials extends Error {
  override readonly name = 'NoCredentials';
  /** As it stands in the kubeconfig, without secrets. */
  readonly command: string;
  /** It ran: a login may help. */
  readonly ran: boolean;
  constructor(
    command: string,
    why: string,
    { ran = true, ...options }: ErrorOptions & { ran?: boolean } = {},
  ) {
    super(`\`${command}\` gives no credentials: ${why}`, options);
    this.command = command;
    this.ran = ran;
  }
}

const declared = z.object({
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().optional(),
  installHint: z.string().optional(),
});
type Declared = z.infer<typeof declared>;

const printed = z.object({
  status: z
    .object({
      token: z.string().min(1).optional(),
      clientCertificateData: z.string().min(1).optional(),
      clientKeyData: z.string().min(1).optional(),
      expirationTimestamp: z.string().optional(),
    })
    .refine(({ token, clientCertificateData }) => (token ?? clientCertificateData) !== undefined),
});
type Credentials = z.infer<typeof printed>['status'];

/** Of a connection that has no deadline of its own here. A person who logs in meanwhile takes longer: he is not waited for. */
const NO_DEADLINE_MS = 60_000;
/** What is held is renewed this long before it expires, or a fifth of its life before, if that is less: commands take seconds, and Lease and kill switch cannot wait for one. */
const RENEW_BEFORE_MS = 60_000;
const RENEW_BEFORE_RATIO = 0.2;
/** A renewal that failed is tried again after this long. */
const RENEW_AGAIN_MS = 10_000;
/** What is kept of what the command says while it runs. */
const SAID_CHARACTERS = 4_000;

/** One for each command: every connection of this process asks the same. */
const plugins = new Map<string, CredentialPlugin>();
const signals = new WeakMap<object, AbortSignal>();
const given = new WeakMap<object, { plugin: CredentialPlugin; credentials: Credentials }>();

/** Puts our way of asking in place of the library's, for each account of the kubeconfig that has a command. @param folder of the kubeconfig */
export function useCredentialPlugins(config: KubeConfig, folder: string): void {
  const commands = new Map<string, unknown>();
  config.users = config.users.map(({ exec, ...user }) => {
    if (exec !== undefined && exec !== null) commands.set(user.name, exec);
    return user;
  });
  config.addAuthenticator({
    isAuthProvider: ({ name }) => commands.has(name),
    applyAuthentication: async ({ name }, options: RequestOptions) => {
      const plugin = pluginFor(commands.get(name), folder, config.getCurrentCluster());
      const credentials = await plugin.get(signals.get(options) ?? AbortSignal.timeout(NO_DEADLINE_MS));
      // A connection into a pod is made by the library, with options of its own.
      for (const by of [options, config]) given.set(by, { plugin, credentials });
      const { token, clientCertificateData: cert, clientKeyData: key } = credentials;
      Object.assign(options, { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) });
      options.headers ??= {};
      if (token !== undefined) Object.assign(options.headers, { Authorization: `Bearer ${token}` });
    },
  });
}

/** The credentials for these options are waited for until the signal fires. */
export function waitForCredentials(options: RequestOptions, signal: AbortSignal): void {
  signals.set(options, signal);
}

/** The server does not know the credentials of these options, or the last ones of this kubeconfig: the command is asked again next time. */
export function refusedCredentials(by: RequestOptions | KubeConfig): void {
  const of = given.get(by);
  of?.plugin.refused(of.credentials);
}

function pluginFor(exec: unknown, folder: string, cluster: Cluster | null): CredentialPlugin {
  const parsed = declared.safeParse(exec);
  if (!parsed.success)
    throw new NoCredentials('exec', 'the kubeconfig names no command (users: … exec)', { ran: false });
  const key = JSON.stringify([folder, parsed.data, cluster?.server]);
  const known = plugins.get(key) ?? new CredentialPlugin(parsed.data, { folder, cluster });
  plugins.set(key, known);
  return known;
}

interface Running {
  credentials: Promise<Credentials>;
  waiting: number;
  /** The last lines that it said. */
  said: () => string;
  end: () => void;
}

class CredentialPlugin {
  readonly #exec: Declared;
  readonly #where: { folder: string; cluster: Cluster | null };
  readonly #command: string;
  #held: { readonly credentials: Credentials; renewAtMs: number } | null = null;
  #running: Running | null = null;

  constructor(exec: Declared, where: { folder: string; cluster: Cluster | null }) {
    this.#exec = exec;
    this.#where = where;
    this.#command = commandText(exec);
  }

  /**
   * What is held and has not expired, or what the command prints. What expires soon is renewed in the background meanwhile.
   * @throws NoCredentials also when the signal fires
   */
  async get(signal: AbortSignal): Promise<Credentials> {
    const held = this.#held;
    if (held === null || !isValid(held.credentials)) return this.#printed(signal);
    if (Date.now() >= held.renewAtMs) {
      held.renewAtMs = Date.now() + RENEW_AGAIN_MS;
      // One that fails is heard of by those who need its credentials, once what is held has expired.
      this.#printed(AbortSignal.timeout(NO_DEADLINE_MS)).catch(() => undefined);
    }
    return held.credentials;
  }

  /** The command runs once for all who wait, and is ended when nobody waits any more. @throws as `get` */
  async #printed(signal: AbortSignal): Promise<Credentials> {
    signal.throwIfAborted();
    const running = (this.#running ??= this.#start());
    const over = Promise.withResolvers<never>();
    const giveUp = (): void =>
      over.reject(this.#without(`it has not ended in time${afterColon(running.said())}`));
    signal.addEventListener('abort', giveUp, { once: true });
    running.waiting++;
    try {
      return await Promise.race([running.credentials, over.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
      if (--running.waiting === 0) this.#end(running);
    }
  }

  refused(credentials: Credentials): void {
    if (this.#held?.credentials === credentials) this.#held = null;
  }

  #end(running: Running): void {
    if (this.#running === running) this.#running = null;
    running.end();
  }

  #without(why: string, options?: ConstructorParameters<typeof NoCredentials>[2]): NoCredentials {
    return new NoCredentials(this.#command, why, options);
  }

  /** In a session of its own: with the command ends what it started, and no terminal is asked for a password. */
  #start(): Running {
    const { command, args } = this.#exec;
    const file = command.includes('/') ? resolve(this.#where.folder, command) : command;
    const child = spawn(file, args ?? [], {
      env: this.#variables(),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (part: Buffer) => out.push(part));
    child.stderr.on('data', (part: Buffer) => {
      said = `${said}${part.toString('utf8')}`.slice(-SAID_CHARACTERS);
    });
    const lastLines = (): string => linesOf(said, this.#exec);
    const credentials = new Promise<Credentials>((take, reject) => {
      child.on('error', (cause) =>
        reject(this.#without(notStarted(cause, this.#exec), { cause, ran: false })),
      );
      child.on('close', (code, signal) => {
        const read = printed.safeParse(parseJson(Buffer.concat(out).toString('utf8'))).data;
        if (code !== 0)
          reject(this.#without(`it ended with ${code ?? signal ?? '?'}${afterColon(lastLines())}`));
        else if (read === undefined)
          reject(this.#without(`it printed no ExecCredential${afterColon(lastLines())}`));
        else take(this.#keep(read.status));
      });
    });
    // A renewal may still run when this process ends.
    const end = (): void => endGroup(child);
    const forget = (): void => void process.off('exit', end);
    process.once('exit', end);
    child.once('close', forget).once('error', forget);
    // Who has given up does not hear of it.
    credentials.catch(() => undefined);
    return { credentials, waiting: 0, said: lastLines, end };
  }

  #keep(credentials: Credentials): Credentials {
    this.#held = { credentials, renewAtMs: renewAtMs(credentials) };
    return credentials;
  }

  /** What a command may read of the cluster is in KUBERNETES_EXEC_INFO, as kubectl sets it. */
  #variables(): NodeJS.ProcessEnv {
    const { apiVersion, env, provideClusterInfo } = this.#exec;
    const { cluster } = this.#where;
    const info = {
      server: cluster?.server,
      'tls-server-name': cluster?.tlsServerName,
      'insecure-skip-tls-verify': cluster?.skipTLSVerify,
      'certificate-authority-data': cluster?.caData,
      'proxy-url': cluster?.proxyUrl,
    };
    const spec = { interactive: false, ...(provideClusterInfo === true && { cluster: info }) };
    return {
      ...process.env,
      KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
      ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
    };
  }
}

function endGroup({ pid, exitCode, signalCode }: ReturnType<typeof spawn>): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

function isValid({ expirationTimestamp }: Credentials): boolean {
  return expirationTimestamp === undefined || Date.parse(expirationTimestamp) > Date.now();
}

/** When what was printed just now is to be renewed, ms since 1970. */
function renewAtMs({ expirationTimestamp }: Credentials): number {
  if (expirationTimestamp === undefined) return Infinity;
  const expiresMs = Date.parse(expirationTimestamp);
  return expiresMs - Math.min(RENEW_BEFORE_MS, (expiresMs - Date.now()) * RENEW_BEFORE_RATIO);
}

/** Names of arguments and variables whose values nobody may see. */
const SECRET = /secret|passw|token|assertion|api-?key|credential/i;
const WORD = /\p{L}{2}/u;
const SHOWN_CHARACTERS = 300;

/** The command as a person types it; what secret arguments say is left out. */
function commandText({ command, args }: Pick<Declared, 'command' | 'args'>): string {
  const secrets = secretArguments(args ?? []);
  const shown = (args ?? []).map((one) => (secrets.includes(one) ? '***' : redactor(secrets)(one)));
  return [command, ...shown].join(' ').slice(0, SHOWN_CHARACTERS);
}

function secretArguments(args: readonly string[]): string[] {
  return args.flatMap((one, index) => {
    const [, flag = '', value] = /^(--?[^=]+)(?:=(.*))?$/s.exec(one) ?? [];
    if (!SECRET.test(flag)) return [];
    const next = args[index + 1] ?? '';
    return value === undefined ? (next.startsWith('-') ? [] : [next]) : [value];
  });
}

/** The last lines of what a command said, as they may be shown: those with a word in them, of which the last may say the least. */
function linesOf(said: string, { args, env }: Declared): string {
  const variables = (env ?? []).filter(({ name }) => SECRET.test(name)).map(({ value }) => value);
  const redact = redactor([...secretArguments(args ?? []), ...variables]);
  const lines = withoutTokens(redact(stripVTControlCharacters(said))).split(/[\r\n]+/);
  const text = oneLine(lines.filter((line) => WORD.test(line)).join(' ')).replace(/\.$/, '');
  return text.length > SHOWN_CHARACTERS ? `…${text.slice(-SHOWN_CHARACTERS)}` : text;
}

/** Why a command did not start. The kubeconfig may say how it is installed. */
function notStarted(cause: NodeJS.ErrnoException, { command, installHint }: Declared): string {
  if (cause.code !== 'ENOENT') return errorText(cause);
  const where = command.includes('/') ? 'is not there' : 'is not installed, or not on PATH';
  const hint = oneLine(stripVTControlCharacters(installHint ?? '')).slice(0, SHOWN_CHARACTERS);
  return `${command} ${where}${afterColon(hint)}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function afterColon(text: string): string {
  return text === '' ? '' : `: ${text}`;
}
