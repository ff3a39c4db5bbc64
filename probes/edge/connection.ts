import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { errorCode, errorText, firstWords } from '../../reports/record/error-text.ts';

/** Where an HTTP client of a client load connects to, and which server it expects there. */
export interface HttpEndpoint {
  host: string;
  port: number;
  /** null: plain HTTP. */
  tls: {
    serverName: string;
    ca?: string | undefined;
    cert?: string | undefined;
    key?: string | undefined;
  } | null;
}

export interface HttpQuestion<Headers = Record<string, string>> {
  method: string;
  path: string;
  headers: Headers;
  body?: string;
  /** Keep the text of the answer; otherwise it is read and dropped. */
  keep?: true;
}

/** One kept connection to one endpoint, one exchange at a time. Its end is noticed at once, not at the next exchange. */
export class HttpConnection {
  readonly #endpoint: HttpEndpoint;
  #socket: Socket | null = null;
  #agent: HttpAgent | HttpsAgent | null = null;
  #open = false;

  constructor(endpoint: HttpEndpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * Connects, and shakes hands where TLS is spoken. Rejects with any error; nothing was asked until then. The limit (ms) is for
   * reaching the server: SYN packets that are dropped are sent again after 1 s only.
   */
  async open(connectTimeoutMs: number): Promise<void> {
    const { host, port, tls } = this.#endpoint;
    const tcp = connectTcp({ host, port, noDelay: true });
    this.#socket = tcp;
    await settled(tcp, 'connect', connectTimeoutMs);
    if (tls !== null) {
      const secure = connectTls({
        socket: tcp,
        host, // whom the certificate must name where there is no server name
        servername: tls.serverName,
        ...credentials(tls),
        ALPNProtocols: ['http/1.1'],
      });
      this.#socket = secure;
      await settled(secure, 'secureConnect', null);
    }
    this.#use(this.#socket);
  }

  /** The status, the headers and the text where it is wanted. The body is read to its end, so that the connection can be used again. */
  ask(
    question: HttpQuestion<OutgoingHttpHeaders>,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
    const { host, port, tls } = this.#endpoint;
    const { method, path, headers, body, keep } = question;
    if (this.#agent === null) return Promise.reject(new Error('not connected'));
    const options: RequestOptions = { host, port, method, path, headers, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const answered = (answer: IncomingMessage): void => {
        const { statusCode = 0, headers: seen } = answer;
        const kept: Buffer[] = [];
        answer.once('error', reject);
        answer.once('end', () =>
          resolve({ status: statusCode, headers: seen, text: Buffer.concat(kept).toString('utf8') }),
        );
        answer.once('close', () => reject(new Error('the answer was cut off')));
        if (keep === true) answer.on('data', (part: Buffer) => kept.push(part));
        answer.resume();
      };
      const sent: ClientRequest =
        tls === null ? httpRequest(options, answered) : httpsRequest(options, answered);
      sent.once('error', reject);
      sent.end(body);
    });
  }

  usable(): boolean {
    return this.#open;
  }

  /** Ends it at once, without asking the server. */
  destroy(): void {
    this.#open = false;
    this.#agent?.destroy();
    this.#socket?.destroy();
  }

  #use(socket: Socket): void {
    const broken = (): void => {
      this.#open = false;
    };
    socket.on('error', broken);
    socket.on('close', broken);
    socket.on('end', broken);
    const only = { keepAlive: true, maxSockets: 1 };
    const agent = this.#endpoint.tls === null ? new HttpAgent(only) : new HttpsAgent(only);
    // The agent never connects by itself: a connection that is gone is opened again by the client load, which then counts it.
    agent.createConnection = () => socket;
    this.#agent = agent;
    this.#open = !socket.destroyed;
  }
}

/** An intermediate certificate that is declared as an authority is enough, as for kubectl. */
function credentials({
  ca,
  cert,
  key,
}: NonNullable<HttpEndpoint['tls']>): Pick<
  ConnectionOptions,
  'ca' | 'allowPartialTrustChain' | 'cert' | 'key'
> {
  return {
    ...(ca !== undefined && { ca, allowPartialTrustChain: true }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

function settled(socket: Socket, event: 'connect' | 'secureConnect', limitMs: number | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer =
      limitMs === null
        ? undefined
        : setTimeout(() => socket.destroy(new Error('no connection within the limit')), limitMs);
    const end = (error?: Error): void => {
      clearTimeout(timer);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.once(event, () => end());
    socket.once('error', end);
    socket.once('close', () => end(new Error('closed while connecting')));
  });
}

/** A short class for a history: errno, TLS code, or the first words. */
export function httpErrorClass(error: unknown): string {
  return errorCode(error) ?? firstWords(errorText(error));
}

/** Nothing listens there: asking again soon costs nothing. */
export function wasRefused(error: unknown): boolean {
  return errorCode(error) === 'ECONNREFUSED';
}
