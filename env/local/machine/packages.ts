import type { PartName } from '../../schema/parts.ts';
import { aptGet, aptToItsEnd } from './apt.ts';
import { distribution } from './distribution.ts';
import type { Distribution } from './distribution.ts';
import { installQuietly } from './quiet-install.ts';
import { onPath, runAny } from '../../../host/run.ts';

/** Programs that show a page without a screen, as distributions call them; the smallest first. */
export const BROWSERS = [
  'chromium-headless-shell',
  'chromium',
  'google-chrome',
  'google-chrome-stable',
] as const;

interface Package {
  readonly name: string;
  readonly why: string;
  /** Not needed where a program of one of these names is on PATH already, from wherever. */
  readonly tools?: readonly string[];
  /** Distributions, by their id in os-release, that have no such package: what needs it does without. */
  readonly notIn?: readonly string[];
  /** Only where this word of `--with` is provisioned. */
  readonly part?: PartName;
}

/** The Debian packages that the embedded environment needs on the machine; `env up` installs what is missing. */
export const PACKAGES: readonly Package[] = [
  { name: 'iproute2', why: 'network namespaces, links, routes' },
  { name: 'util-linux', why: 'unshare, nsenter and setpriv' },
  { name: 'kmod', why: 'kubelet and kube-proxy ask for modules' },
  { name: 'nftables', why: 'kube-proxy' },
  { name: 'iptables', why: 'host ports of pods' },
  { name: 'conntrack', why: 'kube-proxy' },
  { name: 'socat', why: 'port forwarding' },
  { name: 'ethtool', why: 'kubeadm' },
  { name: 'haproxy', why: 'the load balancer in front of the API servers and the edge' },
  { name: 'docker-registry', why: 'the registry that images are pulled from' },
  { name: 'busybox-static', why: 'the smallest image' },
  { name: 'gcc', why: 'runc and the pause program are in C, or need it' },
  { name: 'libc6-dev', why: 'as above' },
  { name: 'libseccomp-dev', why: 'runc confines containers with it' },
  { name: 'pkg-config', why: 'runc finds libseccomp with it' },
  { name: 'openssl', why: 'the certificate of the edge' },
  { name: 'zstd', why: 'layers of images' },
  { name: 'ca-certificates', why: 'fetching modules' },
  { name: 'debian-archive-keyring', why: 'images are made of packages of Debian' },
  { name: 'maven', why: 'the jars of Elasticsearch and Neo4j', tools: ['mvn'] },
  { name: 'python3-pip', why: 'Traefik and the Java runtime come as wheels', tools: ['pip3'] },
  {
    name: 'chromium-headless-shell',
    why: 'what a browser shows of dashboards',
    tools: BROWSERS,
    notIn: ['ubuntu'], // there it comes as a snap
    part: 'telemetry',
  }, // 100 MB to fetch, 306 MB on disk
];

type Options = { readonly onProgress?: (message: string) => void; readonly signal?: AbortSignal | undefined };

/** Those that an environment with these words of `--with` needs on this distribution, where `has` says which programs there are. */
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

/** Those of them that are not installed. @param words as for `packagesFor` */
export async function missingPackages(words: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const names = packagesFor(words);
  const argv = ['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\\n', ...names];
  const { stdout } = await runAny(argv, { timeoutMs: 30_000, signal });
  return missingOf(names, stdout);
}

/** Which names dpkg-query did not report as installed. */
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
 * Installs what is missing. Services that packages bring (haproxy, the registry) are not started, now or at the next boot.
 * @param words as for `packagesFor`
 * @throws CommandError with apt's own words.
 */
export async function ensurePackages(words: readonly string[], options: Options = {}): Promise<void> {
  const missing = await missingPackages(words, options.signal);
  if (missing.length === 0) return;
  options.onProgress?.(`installing ${missing.join(', ')}`);
  await installQuietly(
    missing,
    async () => {
      await aptGet(['update'], options);
      await aptToItsEnd(['-y', 'install', '--no-install-recommends', ...missing], options);
    },
    options,
  );
}
