/** How the devices behind a resource are shared out: each whole, in MIG instances, or by slices of time. */
type ResourceKind = 'whole' | 'mig' | 'shared';

/**
 * Read from the name of the resource, as NVIDIA's device plugin gives them: `nvidia.com/mig-1g.5gb` with the strategy "mixed", and
 * `.shared` at the end for slices of time where they are renamed. @param sharedBy containers that may hold one device, as declared
 */
export function kindOfResource(resource: string, sharedBy = 1): ResourceKind {
  if (sharedBy > 1 || resource.endsWith('.shared')) return 'shared';
  return /\/mig-\d+[cg]\./.test(resource) ? 'mig' : 'whole';
}

/** What NVIDIA's container runtime writes where a container has no device. */
const NONE = new Set(['', 'void', 'none']);

/**
 * The devices that a container was given.
 * @param environment what `env` prints in it, a variable a line
 * @returns null when the variable is not there: nobody has told it of any device
 */
export function devicesIn(environment: string, variable: string): string[] | null {
  const line = environment.split('\n').findLast((one) => one.startsWith(`${variable}=`));
  if (line === undefined) return null;
  const names = line.slice(variable.length + 1).split(',');
  return names.map((name) => name.trim()).filter((name) => !NONE.has(name));
}
