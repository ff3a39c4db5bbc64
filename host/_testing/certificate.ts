import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const openssl = (...argv: readonly string[]): Promise<unknown> => promisify(execFile)('openssl', argv);

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-tls-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Signed by itself, for one name. PEM. */
export function certificateFor(name: string): Promise<{ key: string; cert: string }> {
  return inFolder(async (folder) => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    await openssl('req', '-x509', ...NEW_KEY, '-keyout', key, '-out', cert, '-days', '40', ...names);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  });
}

/**
 * A certificate for one name or address, signed by an intermediate authority that a root has signed. PEM. The certificate stands alone, as that of an
 * API server does: who trusts the intermediate one alone must not need the root.
 */
export function certificateOfIntermediate(
  name: string,
): Promise<{ key: string; cert: string; intermediate: string }> {
  return inFolder(async (folder) => {
    const at = (file: string): string => join(folder, file);
    const text = (file: string): Promise<string> => readFile(at(file), 'utf8');
    const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';
    const signed = async (one: string, by: string, extensions: string): Promise<void> => {
      const subject = ['-subj', `/CN=${one}`];
      await openssl('req', ...NEW_KEY, ...subject, '-keyout', at(`${one}.key`), '-out', at(`${one}.csr`));
      await writeFile(at(`${one}.ext`), extensions);
      const signer = ['-CA', at(`${by}.crt`), '-CAkey', at(`${by}.key`), '-CAcreateserial', '-days', '40'];
      const files = ['-in', at(`${one}.csr`), '-extfile', at(`${one}.ext`), '-out', at(`${one}.crt`)];
      await openssl('x509', '-req', ...signer, ...files);
    };
    const files = ['-keyout', at('root.key'), '-out', at('root.crt')];
    await openssl('req', '-x509', ...NEW_KEY, '-subj', '/CN=root', '-days', '40', ...files);
    await signed('intermediate', 'root', authority);
    const named = `subjectAltName=${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}\nbasicConstraints=critical,CA:FALSE\n`;
    await signed('server', 'intermediate', named);
    return {
      key: await text('server.key'),
      cert: await text('server.crt'),
      intermediate: await text('intermediate.crt'),
    };
  });
}
