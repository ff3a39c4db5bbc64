/** One mounted cgroup hierarchy of the host. */
export type Hierarchy = {
  /** Its v1 controllers, or `name=systemd`; empty for the unified (v2) hierarchy. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  readonly version: 1 | 2;
};

const V1_CONTROLLERS = new Set(
  'cpu cpuacct cpuset memory devices freezer blkio pids net_cls net_prio perf_event hugetlb rdma misc'.split(
    ' ',
  ),
);

/** Parses the cgroup mounts in /proc/self/mountinfo; of several mounts of one hierarchy the first counts. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split('\n')) {
    const hierarchy = parseMount(line);
    const key = hierarchy?.controllers.join(',');
    if (hierarchy !== null && key !== undefined && !found.has(key)) found.set(key, hierarchy);
  }
  return [...found.values()];
}

function parseMount(line: string): Hierarchy | null {
  const [before = '', after = ''] = line.split(' - ');
  const mountPoint = before.split(' ')[4] ?? '';
  const [type = '', , superOptions = ''] = after.split(' ');
  if (type === 'cgroup2') return { controllers: [], mountPoint, version: 2 };
  if (type !== 'cgroup') return null;
  const controllers = superOptions
    .split(',')
    .filter((option) => V1_CONTROLLERS.has(option) || option.startsWith('name='));
  return { controllers, mountPoint, version: 1 };
}
