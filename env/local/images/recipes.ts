/** Every image of the embedded environment: its layers, its tag and how it starts. Adding an image means adding a row. */
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DebianRecipe } from './debian/debian.ts';
import { APP_USER, BASE, NFT, NODE_LIBRARIES } from './debian/debian-recipes.ts';
import { PROMETHEUS } from './debian/debian-services.ts';
import { wheelProgram, type FetchedLayer } from './fetched.ts';
import type { RunConfig } from './oci/oci.ts';
import { KUBERNETES_NAMES } from '../toolchain/index.ts';
import type { TarEntry } from './oci/tar.ts';

/** A layer to build: from Debian packages, from files, or from a program that is compiled here. */
export type LayerRecipe =
  | { readonly kind: 'debian'; readonly recipe: DebianRecipe }
  | {
      readonly kind: 'files';
      readonly name: string;
      /** Those of them that are compiled here. */
      readonly programs?: readonly string[];
      readonly entries: (inputs: Inputs) => Promise<readonly TarEntry[]>;
    }
  | FetchedLayer
  | { readonly kind: 'pause' };

/** Folders of the input files. */
export interface Inputs {
  readonly toolchainBin: string;
  readonly checkout: string;
}

/**
 * How the tag is made: `module`: version of a Go module in the lock files; `fixed`: this text; `version`: this and the manifest's digest.
 */
export type TagRecipe =
  { readonly module: string } | { readonly fixed: string } | { readonly version: string };

export interface ImageRecipe {
  readonly name: string;
  readonly tag: TagRecipe;
  readonly layers: readonly LayerRecipe[];
  readonly run: RunConfig;
}

/** The version in `locks/traefik.requirements.txt`. */
export const TRAEFIK_VERSION = '3.7.15';
/** The user of our images, as an image states it. */
export const NONROOT = `${String(APP_USER)}:${String(APP_USER)}`;
const KUBERNETES = { module: 'k8s.io/kubernetes' } as const;
/** Debian with busybox: the base of every image that is not one static program. */
export const base: LayerRecipe = { kind: 'debian', recipe: BASE };

/** One layer with these compiled programs. */
export function programs(...names: string[]): LayerRecipe {
  return {
    kind: 'files',
    name: names.join('+'),
    programs: names,
    entries: ({ toolchainBin }) =>
      Promise.resolve([
        { path: 'usr/local/bin', dir: true },
        ...names.map((name) => ({
          path: `usr/local/bin/${name}`,
          file: join(toolchainBin, name),
          mode: 0o755,
        })),
      ]),
  };
}

/** The servers of a control plane are one program, so their images share one layer. */
const controlPlane: LayerRecipe = {
  kind: 'files',
  name: 'kubernetes',
  entries: ({ toolchainBin }) =>
    Promise.resolve([
      { path: 'usr/local/bin', dir: true },
      { path: 'usr/local/bin/kubernetes', file: join(toolchainBin, 'kubernetes'), mode: 0o755 },
      ...KUBERNETES_NAMES.map((name) => ({ path: `usr/local/bin/${name}`, link: 'kubernetes' })),
    ]),
};

/** What a static program still needs without a distribution: users, and a folder for temporary files. */
export const bare: LayerRecipe = {
  kind: 'files',
  name: 'bare',
  entries: () =>
    Promise.resolve([
      { path: 'etc', dir: true },
      {
        path: 'etc/passwd',
        text: `root:x:0:0::/:/sbin/nologin\napp:x:${String(APP_USER)}:${String(APP_USER)}::/:/sbin/nologin\n`,
      },
      { path: 'etc/group', text: `root:x:0:\napp:x:${String(APP_USER)}:\n` },
      { path: 'tmp', dir: true, mode: 0o1777 },
    ]),
};

const busybox: LayerRecipe = {
  kind: 'files',
  name: 'busybox',
  entries: () =>
    Promise.resolve([
      { path: 'bin', dir: true },
      { path: 'bin/busybox', file: '/bin/busybox', mode: 0o755 },
      ...APPLETS.map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
    ]),
};

/** The busybox applets that canaries, probes and the volume helper call. */
const APPLETS = [
  'awk',
  'cat',
  'chmod',
  'chown',
  'cp',
  'cut',
  'date',
  'dd',
  'df',
  'echo',
  'env',
  'false',
  'find',
  'grep',
  'head',
  'hostname',
  'httpd',
  'id',
  'ip',
  'kill',
  'ln',
  'ls',
  'md5sum',
  'mkdir',
  'mv',
  'nc',
  'netstat',
  'nslookup',
  'ping',
  'printf',
  'ps',
  'pwd',
  'rm',
  'rmdir',
  'sed',
  'seq',
  'sh',
  'sha256sum',
  'sleep',
  'sort',
  'stat',
  'sync',
  'tail',
  'tar',
  'tee',
  'test',
  'timeout',
  'top',
  'touch',
  'tr',
  'traceroute',
  'true',
  'uname',
  'vi',
  'wc',
  'wget',
  'xargs',
];

const node: LayerRecipe = {
  kind: 'files',
  name: 'node',
  entries: ({ checkout }) =>
    Promise.resolve([
      { path: 'usr/local/bin', dir: true },
      {
        path: 'usr/local/bin/node',
        file: join(checkout, 'node_modules', `node-linux-${process.arch}`, 'bin/node'),
        mode: 0o755,
      },
    ]),
};

const nodeLibraries: LayerRecipe = { kind: 'debian', recipe: NODE_LIBRARIES };
/** Node, as the checkout has it. */
export const NODE: readonly LayerRecipe[] = [nodeLibraries, node];
const PLATFORM = 'env/local/platform';
const REHEARSAL = 'env/local/rehearsal';
/**
 * Code that the Node services share. Their imports of `../../service-kit`, and of `../../../platform/service-kit` in the rehearsal, resolve here,
 * because `..` of the root is the root.
 */
const kit: LayerRecipe = {
  kind: 'files',
  name: 'service-kit',
  entries: async ({ checkout }) => [
    ...(await codeOf(join(checkout, PLATFORM, 'service-kit'), 'service-kit')),
    { path: 'platform/service-kit', link: '../service-kit' },
  ],
};

/** npm packages with their dependencies, copied from the checkout to where the code in `folder` finds them. */
export function modules(folder: string, ...roots: string[]): LayerRecipe {
  return {
    kind: 'files',
    name: `modules of ${folder} ${roots.join('+')}`,
    entries: async ({ checkout }) => {
      const names = await moduleClosure(join(checkout, 'node_modules'), roots);
      const lists = await Promise.all(
        names.map((name) => codeOf(join(checkout, 'node_modules', name), `${folder}/node_modules/${name}`)),
      );
      return lists.flat();
    },
  };
}

/** What the kit needs of OpenTelemetry for services that send spans. Those that only log do without. */
const tracing: LayerRecipe = modules(
  'service-kit',
  '@opentelemetry/api',
  '@opentelemetry/core',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace-base',
);

/** A reference service: its unmodified sources. */
export function service(folder: string): LayerRecipe {
  return sourcesOf(PLATFORM, folder);
}

/** The same of a service of the rehearsal. */
export function rehearsalService(folder: string): LayerRecipe {
  return sourcesOf(REHEARSAL, folder);
}

function sourcesOf(make: string, folder: string): LayerRecipe {
  return {
    kind: 'files',
    name: folder,
    entries: async ({ checkout }) => [
      { path: 'app/package.json', text: '{"type":"module"}\n' },
      ...(await codeOf(join(checkout, make, folder, 'service'), 'app/service')),
    ],
  };
}

/** Names of the packages that `roots` need at run time, themselves included. */
export async function moduleClosure(modulesDir: string, roots: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const manifest = JSON.parse(await readFile(join(modulesDir, name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    queue.push(...Object.keys(manifest.dependencies ?? {}));
  }
  return [...found].sort();
}

const CODE = /\.(?:js|cjs|mjs|json|ts|py)$/;
const NOT_CODE =
  /(?:\.d\.[cm]?ts|\.test\.ts|_test\.py|\.map|\.test\.js)$|(?:^|\/)(?:build\/esm|esnext|test|docs|example)\//;

async function codeOf(folder: string, target: string): Promise<TarEntry[]> {
  const files = await readdir(folder, { recursive: true });
  const code = files.filter((path) => CODE.test(path) && !NOT_CODE.test(path)).sort();
  return code.map((path) => ({ path: `${target}/${path}`, file: join(folder, path) }));
}

function kubernetes(name: string): ImageRecipe {
  return { name, tag: KUBERNETES, layers: [bare, controlPlane], run: { entrypoint: [name] } };
}

/** The image of a reference service in Node. */
export const app = (name: string, layers: readonly LayerRecipe[]): ImageRecipe => ({
  name,
  tag: { version: '0.1.0' },
  layers: [base, ...NODE, kit, ...layers],
  run: {
    entrypoint: ['node', '/app/service/main.ts'],
    user: NONROOT,
    workdir: '/app',
    env: { NODE_ENV: 'production' },
  },
});

/** What a cluster needs to start. */
export const CLUSTER_IMAGES: readonly ImageRecipe[] = [
  kubernetes('kube-apiserver'),
  kubernetes('kube-controller-manager'),
  kubernetes('kube-scheduler'),
  {
    name: 'kube-proxy',
    tag: KUBERNETES,
    layers: [base, { kind: 'debian', recipe: NFT }, programs('kube-proxy')],
    run: { entrypoint: ['kube-proxy'] },
  },
  {
    name: 'etcd',
    tag: { module: 'go.etcd.io/etcd/server/v3' },
    layers: [bare, programs('etcd', 'etcdctl')],
    run: { entrypoint: ['etcd'] },
  },
  {
    name: 'coredns',
    tag: { module: 'github.com/coredns/coredns' },
    layers: [bare, programs('coredns')],
    run: { entrypoint: ['coredns'] },
  },
  {
    name: 'pause',
    tag: { fixed: '3.10' },
    layers: [{ kind: 'pause' }],
    run: { entrypoint: ['/pause'], user: NONROOT },
  },
];

/** What every platform needs to start: volumes, metrics, and an image for whatever is only a script. */
export const SYSTEM_IMAGES: readonly ImageRecipe[] = [
  {
    name: 'metrics-server',
    tag: { module: 'sigs.k8s.io/metrics-server' },
    layers: [bare, programs('metrics-server')],
    run: { entrypoint: ['metrics-server'], user: NONROOT },
  },
  {
    name: 'local-path-provisioner',
    tag: { module: 'github.com/rancher/local-path-provisioner' },
    layers: [bare, programs('local-path-provisioner')],
    run: { entrypoint: ['local-path-provisioner'] },
  },
  { name: 'busybox', tag: { version: '1.35' }, layers: [bare, busybox], run: { cmd: ['sh'], user: NONROOT } },
  { name: 'base', tag: { version: '12' }, layers: [base], run: { cmd: ['sh'] } },
];

export const PROMETHEUS_IMAGE: ImageRecipe = {
  name: 'prometheus',
  tag: { version: '2.42' },
  layers: [base, { kind: 'debian', recipe: PROMETHEUS }],
  run: { entrypoint: ['prometheus'], user: NONROOT, workdir: '/tmp' },
};

/** What the reference platform needs besides the images of its stores and parts, such as the edge's. */
export const PLATFORM_IMAGES: readonly ImageRecipe[] = [
  PROMETHEUS_IMAGE,
  app('tender-api', [
    tracing,
    modules('app', 'amqplib', 'ioredis', 'pg', 'prom-client'),
    service('tender-api'),
  ]),
  app('gateway', [tracing, service('edge/gateway')]),
  {
    name: 'traefik',
    tag: { version: TRAEFIK_VERSION },
    layers: [bare, wheelProgram('traefik', 'traefik.requirements.txt')],
    run: { entrypoint: ['traefik'], user: NONROOT },
  },
];

/** Versions of Go modules as the toolchain's go.mod files require them. */
export async function moduleVersions(toolchainDir: string): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  const files = (await readdir(toolchainDir, { recursive: true })).filter((path) =>
    /(?:^|\/)go\.mod$/.test(path),
  );
  for (const file of files) {
    const text = await readFile(join(toolchainDir, file), 'utf8');
    for (const [, module = '', version = ''] of text.matchAll(/^(?:require\s+|\t)(\S+) (v\S+)/gm))
      versions.set(module, version);
  }
  return versions;
}

/** The checkout that this file belongs to. */
export const CHECKOUT = resolve(dirname(import.meta.filename), '../../..');
