/** A Compose project: what an environment file says of one is checked, and nothing is built that would look at it. */
import { BlockedError } from '../provider.ts';
import type { Provider } from '../provider.ts';

export const provider: Provider<'compose'> = {
  connect: (_cluster, { environment }) =>
    Promise.reject(new BlockedError(`${environment.name} is a Compose project; its checks are not built`)),
};
