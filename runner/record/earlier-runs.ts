import { existsSync, readdirSync } from 'node:fs';

/**
 * Names of the folders of an environment's runs in a folder of runs, the newest first: they begin with the time. None where it cannot be read.
 * @param unread is called with why it cannot be read
 */
export function earlierRuns(
  parent: string,
  environment: string,
  unread: (error: unknown) => void = () => undefined,
): string[] {
  return namesIn(parent, unread)
    .filter((name) => /^\d{8}T\d{6}Z-(.+)-[0-9a-f]{4}$/.exec(name)?.[1] === environment)
    .toSorted()
    .reverse();
}

function namesIn(parent: string, unread: (error: unknown) => void): string[] {
  if (!existsSync(parent)) return [];
  try {
    return readdirSync(parent);
  } catch (error) {
    unread(error);
    return [];
  }
}
