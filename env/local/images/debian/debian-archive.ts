import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { distribution } from '../../machine/distribution.ts';

/**
 * Images are made of packages of this release, whatever the machine runs: the recipes name libraries and server versions of this release.
 */
export const RELEASE = 'bookworm';
/** Folder of its packages in the cache of images. */
export const ARCHIVES = `debs-${RELEASE}`;
/** Keyring of the package debian-archive-keyring, with which apt verifies Debian's signatures. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where packages come from. */
export interface ArchiveSource {
  /** Release of the machine. If it is the release of the images, the machine's own apt sources are used. */
  readonly codename: string;
  /** Address of a Debian mirror, needed on any other release. Security updates are expected at `MIRROR-security`. */
  readonly mirror?: string | undefined;
}

/** The source for this machine, from its os-release and `PLUMBLINE_DEBIAN_MIRROR`. */
export function archiveSource(): ArchiveSource {
  return { codename: distribution().codename, mirror: process.env['PLUMBLINE_DEBIAN_MIRROR'] };
}

/** Whether a mirror is needed but not set. */
export function lacksMirror({ codename, mirror = '' }: ArchiveSource): boolean {
  return codename !== RELEASE && mirror === '';
}

/**
 * Options that make apt-get use packages of the images' release: none on a machine that runs it. On another release apt-get gets its own
 * lists, sources and state in `folder`. It then uses only the settings of the machine (proxies) and changes nothing there.
 * @param folder for apt's files; kept between builds
 * @throws Error if a mirror is needed but not set
 */
export async function aptWords(folder: string, { codename, mirror }: ArchiveSource): Promise<string[]> {
  if (codename === RELEASE) return [];
  if (mirror === undefined || lacksMirror({ codename, mirror }))
    throw new Error(
      `images need PLUMBLINE_DEBIAN_MIRROR here: this machine runs "${codename}", not ${RELEASE}`,
    );
  const at = mirror.replace(/\/+$/, '');
  const from = (address: string, suite: string): string =>
    `deb [signed-by=${KEYRING}] ${address} ${suite} main\n`;
  for (const name of ['etc', 'state/lists/partial', 'cache/archives/partial'])
    await mkdir(join(folder, name), { recursive: true });
  await writeFile(
    join(folder, 'etc', 'sources.list'),
    from(at, RELEASE) + from(at, `${RELEASE}-updates`) + from(`${at}-security`, `${RELEASE}-security`),
  );
  const settings = {
    'Dir::Etc': join(folder, 'etc'),
    'Dir::State': join(folder, 'state'),
    // Ignore the packages that are installed on the machine: the image does not have them.
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(folder, 'cache'),
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}
