import { join } from 'node:path';

/** A set of programs that one `go build` makes from one module. */
export type ToolGroup = {
  readonly name: GroupName;
  /** Folder of the module, below this one. */
  readonly module: string;
  /** Packages to build; their programs are named after their last path element unless `rename` says otherwise. */
  readonly packages: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
  /** Other names of a program, by which it knows what to be: symbolic links beside it. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly cgo: boolean;
  readonly tags: readonly string[];
  /** `-X` flags of the linker: variable → value. `{version of MODULE}` stands for its version in go.mod. */
  readonly variables: Readonly<Record<string, string>>;
};

export type GroupName = 'cluster' | 'runc' | 'metrics' | 'storage' | 'tracing' | 'gpu' | 'ai';

/** Programs that a cluster cannot start without, in the order in which they are built: before all others. */
export const CLUSTER_GROUPS: readonly GroupName[] = ['cluster', 'runc'];

/** What every platform in it needs. */
const PLATFORM_GROUPS: readonly GroupName[] = ['metrics', 'storage'];

/** What a part of the platform adds, by the word that `--with` takes; built only where it is provisioned. */
const PART_GROUPS: Readonly<Record<string, readonly GroupName[]>> = {
  telemetry: ['tracing'],
  gpu: ['gpu'],
  ai: ['ai'],
};

/** The groups that a cluster and a platform with those stores and parts need. */
export function groupsFor(words: readonly string[]): readonly GroupName[] {
  return [...CLUSTER_GROUPS, ...PLATFORM_GROUPS, ...words.flatMap((word) => PART_GROUPS[word] ?? [])];
}

const KUBERNETES = 'k8s.io/kubernetes';
/** The programs of Kubernetes that are one here: linking each by itself takes some 10 s on two cores. kube-proxy, whose image every node pulls, stays small. */
export const KUBERNETES_NAMES = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubeadm',
  'kubectl',
  'kubelet',
] as const;
const COMPONENT_VERSION = 'k8s.io/component-base/version';
const CONTAINERD = 'github.com/containerd/containerd/v2';
const CNI = 'github.com/containernetworking/plugins/plugins';

/** Without these the programs report v0.0.0, and kubeadm refuses to work with them. */
const KUBERNETES_VERSION = {
  [`${COMPONENT_VERSION}.gitVersion`]: `{${KUBERNETES}}`,
  [`${COMPONENT_VERSION}.gitMajor`]: '1',
  [`${COMPONENT_VERSION}.gitMinor`]: '37',
  [`${COMPONENT_VERSION}.gitTreeState`]: 'clean',
  [`${COMPONENT_VERSION}.buildDate`]: '1970-01-01T00:00:00Z',
};

/** Pure Go resolvers, and no tracing pages of gRPC, which keep the linker from dropping unused code. */
const STATIC_TAGS = ['netgo', 'osusergo', 'static_build', 'grpcnotrace'];

export const GROUPS: readonly ToolGroup[] = [
  {
    name: 'cluster',
    module: '.',
    packages: [
      './kubernetes',
      `${KUBERNETES}/cmd/kube-proxy`,
      'go.etcd.io/etcd/server/v3',
      'go.etcd.io/etcd/etcdctl/v3',
      ...['containerd', 'containerd-shim-runc-v2'].map((name) => `${CONTAINERD}/cmd/${name}`),
      ...['main/bridge', 'main/loopback', 'meta/portmap', 'ipam/host-local'].map((name) => `${CNI}/${name}`),
      './coredns',
    ],
    rename: { server: 'etcd' },
    names: { kubernetes: KUBERNETES_NAMES },
    cgo: false,
    tags: ['no_btrfs', 'no_devmapper', 'no_zfs', ...STATIC_TAGS],
    variables: {
      ...KUBERNETES_VERSION,
      [`${CONTAINERD}/version.Version`]: `{${CONTAINERD}}`,
    },
  },
  {
    name: 'runc',
    module: '.',
    packages: ['github.com/opencontainers/runc'],
    // libseccomp is a C library: runc without it would run every container unconfined.
    cgo: true,
    tags: ['seccomp', 'netgo', 'osusergo'],
    variables: { 'main.version': '{github.com/opencontainers/runc}' },
  },
  {
    name: 'metrics',
    module: '.',
    packages: ['sigs.k8s.io/metrics-server/cmd/metrics-server'],
    cgo: false,
    tags: STATIC_TAGS,
    variables: KUBERNETES_VERSION,
  },
  {
    name: 'storage',
    module: 'local-path-provisioner',
    packages: ['github.com/rancher/local-path-provisioner'],
    cgo: false,
    tags: STATIC_TAGS,
    variables: { 'main.VERSION': '{github.com/rancher/local-path-provisioner}' },
  },
  {
    name: 'tracing',
    module: 'jaeger',
    packages: ['github.com/jaegertracing/jaeger/cmd/all-in-one'],
    rename: { 'all-in-one': 'jaeger' },
    cgo: false,
    tags: STATIC_TAGS,
    variables: {
      'github.com/jaegertracing/jaeger/internal/version.latestVersion': '{github.com/jaegertracing/jaeger}',
    },
  },
  {
    // In kubelet's own module: what it imports is compiled already.
    name: 'gpu',
    module: '.',
    packages: ['./device-plugin'],
    cgo: false,
    tags: STATIC_TAGS,
    variables: {},
  },
  {
    // In metrics-server's own module, for the same reason: what is left to compile takes some seconds.
    name: 'ai',
    module: '.',
    packages: ['./external-metrics'],
    cgo: false,
    tags: STATIC_TAGS,
    variables: {},
  },
];

/** The program that a package builds to. A major-version suffix is no name: Go drops it. */
export function programOf(group: ToolGroup, packagePath: string): string {
  const parts = packagePath.split('/');
  const last = parts.at(-1) ?? packagePath;
  const name = /^v\d+$/.test(last) ? (parts.at(-2) ?? last) : last;
  return group.rename?.[name] ?? name;
}

/** Version of a module as a go.mod says it: the replacement's, else the required one. */
export function moduleVersion(goMod: string, module: string): string {
  const escaped = module.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  const replaced = new RegExp(
    String.raw`^\s*(?:replace\s+)?${escaped}(?:\s+v\S+)?\s+=>\s+\S+\s+(v\S+)`,
    'm',
  ).exec(goMod);
  const required = new RegExp(String.raw`^\s*(?:require\s+)?${escaped}\s+(v\S+)`, 'm').exec(goMod);
  const version = replaced?.[1] ?? required?.[1];
  if (version === undefined)
    throw new Error(`go.mod names no version of ${module}; expected a require line for it`);
  return version;
}

/** The linker's flags of a group: no symbol tables, and the versions. */
export function linkerFlags(group: ToolGroup, goMod: string): string {
  const flags = Object.entries(group.variables).map(([variable, value]) => {
    const module = /^\{(.+)\}$/.exec(value)?.[1];
    return `-X ${variable}=${module === undefined ? value : moduleVersion(goMod, module)}`;
  });
  return ['-s', '-w', ...flags].join(' ');
}

/** Folder of a group's module. */
export function moduleDir(group: ToolGroup): string {
  return join(import.meta.dirname, group.module);
}
