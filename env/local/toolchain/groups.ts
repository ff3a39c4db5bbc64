import { join } from 'node:path';

/** A set of programs that one `go build` makes from one module. */
export type ToolGroup = {
  readonly name: GroupName;
  /** Folder of the module, relative to this folder. */
  readonly module: string;
  /** Packages to build; their programs are named after their last path element unless `rename` says otherwise. */
  readonly packages: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
  /** Other names of a program, as symbolic links beside it. The name by which it is called selects its function. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly cgo: boolean;
  readonly tags: readonly string[];
  /** `-X` flags of the linker: variable → value. `{version of MODULE}` stands for its version in go.mod. */
  readonly variables: Readonly<Record<string, string>>;
};

export type GroupName = 'cluster' | 'runc' | 'metrics' | 'storage' | 'tracing' | 'gpu' | 'adapter';

/** Programs without which a cluster cannot start, in the order in which they are built. They are built before all others. */
export const CLUSTER_GROUPS: readonly GroupName[] = ['cluster', 'runc'];

/** The groups that a cluster needs, and those that make these programs besides. */
export function groupsFor(programs: readonly string[]): readonly GroupName[] {
  const needed = ({ name, ...group }: ToolGroup): boolean =>
    CLUSTER_GROUPS.includes(name) ||
    group.packages.some((path) => programs.includes(programOf({ name, ...group }, path)));
  return GROUPS.filter(needed).map(({ name }) => name);
}

const KUBERNETES = 'k8s.io/kubernetes';
/**
 * Programs of Kubernetes that are combined into one, because linking each separately takes about 10 s on two cores. kube-proxy is not
 * among them, so that its image, which every node pulls, stays small.
 */
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

/** Without these variables the programs report v0.0.0, and kubeadm refuses to work with them. */
const KUBERNETES_VERSION = {
  [`${COMPONENT_VERSION}.gitVersion`]: `{${KUBERNETES}}`,
  [`${COMPONENT_VERSION}.gitMajor`]: '1',
  [`${COMPONENT_VERSION}.gitMinor`]: '37',
  [`${COMPONENT_VERSION}.gitTreeState`]: 'clean',
  [`${COMPONENT_VERSION}.buildDate`]: '1970-01-01T00:00:00Z',
};

/** Pure Go resolvers, and no gRPC tracing pages, which would prevent the linker from dropping unused code. */
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
    // In kubelet's module, because its imports are compiled there already.
    name: 'gpu',
    module: '.',
    packages: ['./device-plugin'],
    cgo: false,
    tags: STATIC_TAGS,
    variables: {},
  },
  {
    name: 'adapter',
    module: 'prometheus-adapter',
    packages: ['sigs.k8s.io/prometheus-adapter/cmd/adapter'],
    rename: { adapter: 'prometheus-adapter' },
    cgo: false,
    tags: STATIC_TAGS,
    variables: {},
  },
];

/** File name of the program that Go builds from a package. Go ignores a major-version suffix. */
export function programOf(group: ToolGroup, packagePath: string): string {
  const parts = packagePath.split('/');
  const last = parts.at(-1) ?? packagePath;
  const name = /^v\d+$/.test(last) ? (parts.at(-2) ?? last) : last;
  return group.rename?.[name] ?? name;
}

/** Version of a module in a go.mod: that of its replacement, otherwise the required one. */
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

/** Linker flags of a group: no symbol tables, and the values of `variables`. */
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
