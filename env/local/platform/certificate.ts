/** Certificates of servers, each signed by an authority that the instance makes for it. */
import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../host/run.ts';

/** Where a certificate and its authority lie. */
export interface CertificateFiles {
  readonly folder: string;
  /** The authority's certificate: what clients trust. */
  readonly caCertificate: string;
  readonly caKey: string;
  /** Certificate and key together, as haproxy reads them. */
  readonly serverPem: string;
}

export function certificateFiles(folder: string): CertificateFiles {
  return {
    folder,
    caCertificate: join(folder, 'ca.crt'),
    caKey: join(folder, 'ca.key'),
    serverPem: join(folder, 'server.pem'),
  };
}

/** What a certificate is for. */
export interface Subject {
  /** Name of the authority that signs it. */
  readonly authority: string;
  /** DNS names; the first is the certificate's own. */
  readonly names: readonly [string, ...string[]];
  readonly addresses: readonly string[];
}

const VALID_DAYS = 825; // more than a year left at any time that an environment lives; the longest that clients accept
const MIN_DAYS_LEFT = 400;
const DAY_MS = 86_400_000;
const OPENSSL_DEADLINE_MS = 30_000;
const REQUEST =
  `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days ${String(VALID_DAYS)}`.split(' ');

/** Whether a PEM file holds a certificate for those names and addresses which stays valid long enough. */
export async function isUsable(
  pemFile: string,
  { names, addresses }: Omit<Subject, 'authority'>,
  now = Date.now(),
): Promise<boolean> {
  try {
    const certificate = new X509Certificate(await readFile(pemFile));
    return (
      names.every((name) => certificate.checkHost(name) !== undefined) &&
      addresses.every((address) => certificate.checkIP(address) !== undefined) &&
      Date.parse(certificate.validTo) - now > MIN_DAYS_LEFT * DAY_MS
    );
  } catch {
    return false; // absent or unreadable: it is made again
  }
}

/** Makes authority and certificate in a folder that takes the place of the old one only when all is there. */
async function make(files: CertificateFiles, subject: Subject, signal?: AbortSignal): Promise<void> {
  const { authority, names, addresses } = subject;
  const alternatives = [
    ...names.map((name) => `DNS:${name}`),
    ...addresses.map((address) => `IP:${address}`),
  ];
  await mkdir(join(files.folder, '..'), { recursive: true });
  const work = await mkdtemp(`${files.folder}-`);
  const at = (name: string): string => join(work, name);
  /** Makes NAME.key and NAME.crt; only the common name may have a blank. */
  const request = (name: string, commonName: string, more: string): Promise<string> => {
    const own = `-keyout ${name}.key -out ${name}.crt ${more}`.split(' ');
    const argv = ['openssl', ...REQUEST, ...own, '-subj', `/CN=${commonName}`];
    return run(argv, { cwd: work, timeoutMs: OPENSSL_DEADLINE_MS, signal });
  };
  try {
    await request(
      'ca',
      authority,
      '-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign',
    );
    await request(
      'server',
      names[0],
      `-CA ca.crt -CAkey ca.key -addext subjectAltName=${alternatives.join(',')} ` +
        '-addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth',
    );
    const [certificate, key] = await Promise.all([readFile(at('server.crt')), readFile(at('server.key'))]);
    await writeFile(at('server.pem'), Buffer.concat([certificate, key]), { mode: 0o600 });
    await Promise.all([chmod(at('ca.key'), 0o600), rm(at('server.key')), rm(at('server.crt'))]);
    await rm(files.folder, { recursive: true, force: true });
    await rename(work, files.folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The certificate in a folder, made if it is missing, for something else, or near its end. */
export async function ensureCertificate(
  folder: string,
  subject: Subject,
  signal?: AbortSignal,
): Promise<CertificateFiles> {
  const files = certificateFiles(folder);
  if (!(await isUsable(files.serverPem, subject))) await make(files, subject, signal);
  return files;
}
