import { analyse } from './analyse.ts';
import { linkModules } from './linker.ts';
import { rewriteModule } from './rewrite.ts';
import type { RewrittenModule } from './rewrite.ts';

/** A script ready to be run by any thread: its files, imported ones first, the script itself last. */
export interface Bundle {
  modules: readonly RewrittenModule[];
}

/**
 * Loads a script with every file that it imports, and rewrites what blocks in k6 into what is awaited.
 * @param path absolute path, `.ts` or `.js`
 * @throws ScriptError with file, line and name for anything that is not supported
 */
export function bundleScript(path: string): Bundle {
  const modules = linkModules(path);
  const analysis = analyse(modules);
  return { modules: modules.map((module) => rewriteModule(module, analysis)) };
}
