import type { PartName } from '../../schema/parts.ts';
import { aptGet, aptToItsEnd, updateLists } from './apt.ts';
import { distribution } from './distribution.ts';
import type { Distribution } from './distribution.ts';
import { comingIn } from './installed.ts';
import { installQuietly } from './quiet-install.ts';
import { onPath, runAny } from '../../../host/run.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** Names of headless browsers in distributions, the smallest first. */
export const BROWSERS = [
  'chromium-headless-shell',
  'chromium',
  'google-chrome',
  'google-chrome-stable',
] as const;

interface Package {
  readonly name: string;
  readonly why: string;
  /** Not needed if a program of one of these names is on PATH. */
  readonly tools?: readonly string[];
  /** Distributions without this package, by their id in os-release; there it is not required. */
  readonly notIn?: readonly string[];
  /** Needed only if this part is provisioned. */
  readonly part?: PartName;
}

/** The Debian packages that the embedded environment needs on the machine; `env up` installs what is missing. */
export const PACKAGES: readonly Package[] = [
  { name: 'iproute2', why: 'network namespaces, links, routes' },
  { name: 'util-linux', why: 'unshare, nsenter and setpriv' },
  { name: 'kmod', why: 'kubelet and kube-proxy load modules' },
  { name: 'nftables', why: 'kube-proxy' },
  { name: 'iptables', why: 'host ports of pods' },
  { name: 'conntrack', why: 'kube-proxy' },
  { name: 'socat', why: 'port forwarding' },
  { name: 'ethtool', why: 'kubeadm' },
  { name: 'haproxy', why: 'the load balancer in front of the API servers and the edge' },
  { name: 'busybox-static', why: 'the smallest image' },
  { name: 'gcc', why: 'compiles the pause program and the C part of runc' },
  { name: 'libc6-dev', why: 'as above' },
  { name: 'libseccomp-dev', why: 'runc confines containers with it' },
  { name: 'pkg-config', why: 'runc finds libseccomp with it' },
  { name: 'openssl', why: 'the certificate of the edge' },
  { name: 'zstd', why: 'layers of images' },
  { name: 'ca-certificates', why: 'fetching modules' },
  { name: 'debian-archive-keyring', why: 'images are made of Debian packages' },
  { name: 'maven', why: 'the jars of Elasticsearch and Neo4j', tools: ['mvn'] },
  { name: 'python3-pip', why: 'Traefik and the Java runtime are installed as wheels', tools: ['pip3'] },
  {
    name: 'chromium-headless-shell',
    why: 'dashboards are rendered in a browser',
    tools: BROWSERS,
    notIn: ['ubuntu'], // there it comes as a snap
    part: 'telemetry',
  }, // 100 MB to fetch, 306 MB on disk
];

type Options = { readonly onProgress?: (message: string) => void; readonly signal?: AbortSignal | undefined };

/** Names of the packages that an environment with these components needs on this distribution. `has` says whether a program is on PATH. */
export function packagesFor(
  words: readonly string[],
  has: (tool: string) => boolean = onPath,
  { id }: Distribution = distribution(),
): string[] {
  return PACKAGES.filter(({ part }) => part === undefined || words.includes(part))
    .filter(({ notIn }) => notIn?.includes(id) !== true)
    .filter(({ tools }) => tools === undefined || !tools.some(has))
    .map(({ name }) => name);
}

/** The packages of packagesFor that are not installed. @param words as for `packagesFor` */
export async function missingPackages(words: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const names = packagesFor(words);
  const argv = ['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\\n', ...names];
  const { stdout } = await runAny(argv, { timeoutMs: 30_000, signal });
  return missingOf(names, stdout);
}

/** The names that dpkg-query does not report as installed. */
export function missingOf(names: readonly string[], dpkgOutput: string): string[] {
  const installed = new Set(
    dpkgOutput
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Installs the missing packages. Their services (haproxy) are not started, neither now nor at the next boot.
 * @param words as for `packagesFor`
 * @throws CommandError with apt's error text; Error that adds why the lists of packages could not be refreshed, if they could not
 */
export async function ensurePackages(words: readonly string[], options: Options = {}): Promise<void> {
  const missing = await missingPackages(words, options.signal);
  if (missing.length === 0) return;
  options.onProgress?.(`installing ${missing.join(', ')}`);
  const stale = await updateLists(options);
  const command = ['install', '--no-install-recommends', ...missing];
  const plan = async (): Promise<string[]> => {
    // Only what takes long and may be killed has a deadline: the download. Then the installation needs no network.
    await aptGet(['-y', '--download-only', ...command], options);
    return comingIn(await aptGet(['-s', ...command], options));
  };
  try {
    const install = (onSpawn: (pid: number) => void): Promise<string> =>
      aptToItsEnd(['-y', ...command], { signal: options.signal, onSpawn });
    await installQuietly(missing, { plan, install }, options);
  } catch (error) {
    if (stale === null || options.signal?.aborted === true) throw error;
    throw new Error(`${errorText(error)}\nBefore that, the lists could not be refreshed: ${stale.message}`, {
      cause: error,
    });
  }
}
