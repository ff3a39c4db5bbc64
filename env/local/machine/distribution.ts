import { existsSync, readFileSync } from 'node:fs';

/** A distribution and its release: `debian` and `bookworm`, `ubuntu` and `noble`. */
export type Distribution = { readonly id: string; readonly codename: string };

const OS_RELEASE = '/etc/os-release';

/** The distribution of this machine; fields that os-release lacks are empty. */
export function distribution(): Distribution {
  return distributionIn(existsSync(OS_RELEASE) ? readFileSync(OS_RELEASE, 'utf8') : '');
}

/** The distribution in the text of os-release(5). */
export function distributionIn(osRelease: string): Distribution {
  const value = (key: string): string =>
    new RegExp(`^${key}=["']?([\\w.-]+)["']?$`, 'm').exec(osRelease)?.[1] ?? '';
  return { id: value('ID'), codename: value('VERSION_CODENAME') };
}
