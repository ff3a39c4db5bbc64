/** A context for tests of what a control asks and changes: what is not given to it throws. */
import type { ListParams, ObjectRef } from '../harness/protocol.ts';
import type { ControlContext } from '../harness/control.ts';

/** So often a test looks before it says that what it waits for does not come. */
const LOOKS = 50;

export interface Noted {
  patches: { name: string; patch: Record<string, unknown> }[];
  logs: string[];
}

/** Of the environment and of objects, tests give what the control reads of them. */
type Given = Partial<Omit<ControlContext, 'environment' | 'get' | 'list'>> & {
  environment?: object;
  get?: (ref: ObjectRef) => Promise<object | null>;
  list?: (params: ListParams) => Promise<object[]>;
};

export function contextOf(given: Given): ControlContext & { noted: Noted } {
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
    signal: new AbortController().signal,
    store: refused('a store'),
    patch: ({ name }, patch) => {
      noted.patches.push({ name, patch });
      return Promise.resolve();
    },
    apply: refused('apply'),
    delete: refused('delete'),
    exec: refused('exec'),
    actWithRollback: refused('act'),
    until,
    log: (message) => noted.logs.push(message),
    ...given,
    environment: (given.environment ?? {}) as ControlContext['environment'],
    get: (given.get ?? refused('get')) as ControlContext['get'],
    list: (given.list ?? refused('list')) as ControlContext['list'],
    noted,
  };
}
