import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { distribution } from '../../machine/distribution.ts';

/** Images are made of packages of this release, whatever the machine runs: names of libraries and versions of servers are written down for it. */
export const RELEASE = 'bookworm';
/** Of the package debian-archive-keyring, by which apt knows that a package is Debian's. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where packages come from. */
export interface ArchiveSource {
  /** What the machine runs; its own sources serve where that is the release of the images. */
  readonly codename: string;
  /** Address of a mirror of Debian, needed on any other release; security updates are beside it, as `MIRROR-security`. */
  readonly mirror?: string | undefined;
}

/** As this machine, and `PLUMBLINE_DEBIAN_MIRROR`, have it. */
export function archiveSource(): ArchiveSource {
  return { codename: distribution().codename, mirror: process.env['PLUMBLINE_DEBIAN_MIRROR'] };
}

/** Whether a mirror is needed and none is named. */
export function lacksMirror({ codename, mirror = '' }: ArchiveSource): boolean {
  return codename !== RELEASE && mirror === '';
}

/**
 * What apt-get has to be told so that it looks for packages of the images' release: nothing on a machine that runs it. Elsewhere it is given lists,
 * sources and a state of its own, so that nothing of the machine's is used but its settings (proxies), and nothing is changed.
 * @param folder that may be filled; kept from one time to the next
 * @throws Error where a mirror is needed and none is named
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
    // What is installed here says nothing of what an image holds.
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(folder, 'cache'),
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}
