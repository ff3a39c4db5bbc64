import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { errorCode } from '../../../../reports/record/error-text.ts';

/** On loopback; declared as an endpoint for this one run of the check. */
export const CERTIFICATE_PORT = 38443;
/** Port of a long-lived certificate that no trusted authority signed. */
export const UNSIGNED_PORT = 38444;
const OPENSSL_DEADLINE_MS = 20_000;

/**
 * Serves a self-made certificate until the signal fires or the process ends. There is nothing to roll back: the server ends with
 * this process, and does not keep the process alive.
 * @throws Error when openssl is missing or the port is taken by another process
 */
export async function serveCertificate(
  { days, port }: { days: number; port: number },
  signal: AbortSignal,
): Promise<void> {
  const { key, cert } = await makeCertificate(days);
  const server = createServer({ key, cert }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch((error: unknown) => {
    // Run before in this process: it still serves.
    if (errorCode(error) !== 'EADDRINUSE') throw error;
  });
  server.unref();
  signal.addEventListener('abort', () => server.close(), { once: true });
}

async function makeCertificate(days: number): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const argv = [
    'req',
    '-x509',
    ...curve,
    '-keyout',
    key,
    '-out',
    cert,
    '-days',
    String(days),
    '-subj',
    '/CN=plumbline short-lived',
  ];
  try {
    await promisify(execFile)('openssl', argv, { timeout: OPENSSL_DEADLINE_MS });
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
