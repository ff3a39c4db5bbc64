/** A Compose project: its section of an environment file is validated; checks of it are not built. */
import { BlockedError } from '../provider.ts';
import type { Provider } from '../provider.ts';

export const provider: Provider<'compose'> = {
  connect: (_cluster, { environment }) =>
    Promise.reject(
      new BlockedError(`${environment.name} is a Compose project; none of its checks is written yet`),
    ),
};
