import type { OutgoingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { HttpConnection, httpErrorClass, wasRefused } from '../edge/connection.ts';
import type { HttpEndpoint } from '../edge/connection.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';

const declaredSchema = z.object({
  ca: z.string().optional(),
  /** PEM of the client's certificate; its key comes as the connection's password. */
  cert: z.string().optional(),
  /** Without a certificate the password is a bearer token. */
  serverName: z.string(),
  /** Headers that say as whom the account asks. */
  impersonation: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  /** The ConfigMap that is written to, `NAMESPACE/NAME`. */
  object: z.string().regex(/^[a-z0-9.-]+\/[a-z0-9.-]+$/),
});

/** Answers that prove that the API server wrote nothing. A 5xx may come after etcd has the write. */
export const API_DEFINITE_FAILURES: readonly string[] = [
  'connect: any error before the request was sent',
  'status 4xx: refused before it was written',
];

/** Numbered writes through the address that clients of Kubernetes use: each sets one field of one ConfigMap. */
export class ControlPlaneLoadClient implements LoadClient {
  readonly #endpoint: HttpEndpoint;
  readonly #path: string;
  readonly #headers: OutgoingHttpHeaders;
  readonly #run: string;

  /** @throws ZodError when the connection does not declare the object and the account. */
  constructor(connection: StoreConnection, run: string) {
    const { ca, cert, serverName, object, impersonation } = declaredSchema.parse(connection.declared);
    const { host, port, password } = connection;
    const [namespace, name] = object.split('/');
    this.#path = `/api/v1/namespaces/${namespace ?? ''}/configmaps/${name ?? ''}`;
    this.#run = run;
    const withCertificate = cert !== undefined;
    this.#headers = {
      host: serverName === '' ? host : serverName,
      accept: 'application/json',
      ...impersonation,
      ...(!withCertificate && password !== '' && { authorization: `Bearer ${password}` }),
    };
    this.#endpoint = { host, port, tls: { serverName, ca, ...(withCertificate && { cert, key: password }) } };
  }

  /** The object must exist and be readable by this account. */
  async prepare(deadlineMs: number): Promise<void> {
    const connection = new HttpConnection(this.#endpoint);
    const timer = setTimeout(() => connection.destroy(), deadlineMs);
    try {
      await connection.open(deadlineMs);
      const { status } = await connection.ask({ method: 'GET', path: this.#path, headers: this.#headers });
      if (status !== 200) throw new Error(`GET ${this.#path} answered ${status}`);
    } finally {
      clearTimeout(timer);
      connection.destroy();
    }
  }

  session(): ClientLoadSession {
    const connection = new HttpConnection(this.#endpoint);
    return {
      open: (connectTimeoutMs) => connection.open(connectTimeoutMs),
      write: (n) => this.#write(connection, n),
      read: () => this.#read(connection),
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

  async #write(connection: HttpConnection, n: number): Promise<OperationResult> {
    const body = JSON.stringify({ data: { run: this.#run, n: String(n) } });
    try {
      const { status } = await connection.ask({
        method: 'PATCH',
        path: this.#path,
        headers: {
          ...this.#headers,
          'content-type': 'application/merge-patch+json',
          'content-length': String(Buffer.byteLength(body)),
        },
        body,
      });
      if (status >= 200 && status <= 299) return { outcome: 'ok' };
      return { outcome: status >= 400 && status <= 499 ? 'fail' : 'unknown', detail: `status ${status}` };
    } catch (error) {
      return { outcome: 'unknown', detail: httpErrorClass(error) };
    }
  }

  async #read(connection: HttpConnection): Promise<OperationResult> {
    try {
      const { status } = await connection.ask({ method: 'GET', path: this.#path, headers: this.#headers });
      return status === 200 ? { outcome: 'ok' } : { outcome: 'unknown', detail: `status ${status}` };
    } catch (error) {
      return { outcome: 'unknown', detail: httpErrorClass(error) };
    }
  }
}
