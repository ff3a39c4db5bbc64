import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { MODULES } from './api.ts';
import { unsupported } from './refusing.ts';

/** What a script exports. */
export type Script = Readonly<Record<string, unknown>>;

/** Where the modules of k6 find what they export: they are loaded as text. */
const SHARED = 'plumbline.k6';
const SCHEME = 'plumbline-k6:';
const ROUND = /\?load=\d+$/;
let loads = 0;

/**
 * Loads a script as the ES module that it is, with modules of k6 in place of k6's. Each load evaluates it and its imports again, with its own
 * `__ENV`.
 * @throws TypeError naming an import that is not supported; SyntaxError naming an export that there is not; what the script throws
 */
export async function loadScript(path: string, variables: Record<string, string>): Promise<Script> {
  Object.assign(globalThis, { __ENV: variables, [Symbol.for(SHARED)]: MODULES });
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const [round] = ROUND.exec(context.parentURL ?? '') ?? [];
      if (round === undefined) return next(specifier, context);
      if (specifier in MODULES) return { url: `${SCHEME}${specifier}`, shortCircuit: true };
      if (!/^\.{1,2}\//.test(specifier)) throw unsupported(`the import of '${specifier}'`);
      const found = next(specifier, context);
      return { ...found, url: `${found.url}${round}` };
    },
    load: (url, context, next) =>
      url.startsWith(SCHEME)
        ? { format: 'module', shortCircuit: true, source: sourceOf(url.slice(SCHEME.length)) }
        : next(url, context),
  });
  try {
    return (await import(`${pathToFileURL(path).href}?load=${++loads}`)) as Script;
  } finally {
    hooks.deregister();
  }
}

function sourceOf(name: string): string {
  const exported = Object.keys(MODULES[name] ?? {}).map((key) =>
    key === 'default' ? 'export default all.default;' : `export const ${key} = all.${key};`,
  );
  return [`const all = globalThis[Symbol.for('${SHARED}')][${JSON.stringify(name)}];`, ...exported].join(
    '\n',
  );
}
