/** Certificates that a client must refuse. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

function openssl(...argv: readonly string[]): void {
  execFileSync('openssl', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** The certificate of an authority that has signed nothing. */
export function otherAuthority(folder: string): string {
  const at = mkdtempSync(join(folder, 'authority-'));
  const file = join(at, 'ca.crt');
  openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-subj',
    '/CN=another authority',
    '-keyout',
    join(at, 'ca.key'),
    '-out',
    file,
  );
  return file;
}

/** A certificate of the right authority for the right name, which ended yesterday. @param authority the file of its certificate, beside its key */
export function expired(folder: string, authority: string, name: string): { key: string; cert: string } {
  const at = mkdtempSync(join(folder, 'expired-'));
  const [request, extensions] = [join(at, 'request.csr'), join(at, 'extensions')];
  const [keyFile, certFile] = [join(at, 'server.key'), join(at, 'server.crt')];
  openssl('req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request);
  writeFileSync(extensions, `subjectAltName=DNS:${name}\nbasicConstraints=critical,CA:FALSE\n`);
  const signer = ['-CA', authority, '-CAkey', join(dirname(authority), 'ca.key'), '-CAcreateserial'];
  openssl('x509', '-req', '-in', request, ...signer, '-days', '-1', '-extfile', extensions, '-out', certFile);
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}
