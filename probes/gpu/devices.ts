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
