import type { TestContext } from 'node:test';
import { tempFolder } from './temp-folder.ts';

/** Gives a variable of this process another value, or none, for as long as a test runs: tests of other files may be in the same process. */
export function setVariable(
  context: Pick<TestContext, 'after'>,
  name: string,
  value: string | undefined,
): void {
  const before = process.env[name];
  context.after(() => {
    write(name, before);
  });
  write(name, value);
}

/** An empty folder which a variable of this process names for as long as a test runs. */
export function emptyFolderIn(context: Pick<TestContext, 'after'>, name: string): string {
  const folder = tempFolder(context);
  setVariable(context, name, folder);
  return folder;
}

function write(name: string, value: string | undefined): void {
  // An assignment of undefined would make it the text "undefined".
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}
