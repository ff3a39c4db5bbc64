/** A context for tests of what a control asks and changes: what is not given to it throws. */
import type { ControlContext } from './control.ts';

/** So often a test looks before it says that what it waits for does not come. */
const LOOKS = 50;

export interface Noted {
  patches: { name: string; patch: Record<string, unknown> }[];
  logs: string[];
}

export function contextOf(given: Partial<ControlContext>): ControlContext & { noted: Noted } {
  const noted: Noted = { patches: [], logs: [] };
  const until: ControlContext['until'] = async (what, probe) => {
    for (let look = 0; look < LOOKS; look++) {
      const found = await probe().catch(() => null);
      if (found !== null) return found;
    }
    throw new Error(`waited for ${what}`);
  };
  const refused = (what: string) => (): Promise<never> =>
    Promise.reject(new Error(`a test gave no way to ${what}`));
  return {
    instance: 'local-small',
    size: 'small',
    kubeconfig: '',
    environment: {},
    signal: new AbortController().signal,
    get: refused('get'),
    list: refused('list'),
    patch: ({ name }, patch) => {
      noted.patches.push({ name, patch });
      return Promise.resolve();
    },
    apply: refused('apply'),
    delete: refused('delete'),
    exec: refused('exec'),
    ledgered: refused('act'),
    until,
    log: (message) => noted.logs.push(message),
    ...given,
    noted,
  };
}
