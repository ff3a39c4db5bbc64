/** The rehearsal: provisioned here, and then reached by what `env up` leaves for a stranger. */
import { existsSync } from 'node:fs';
import { CommandError, EXIT } from '../../../host/errors.ts';
import { provisionedHere } from '../../local/provisioned.ts';
import { accountKubeconfig } from '../../local/rehearsal/account/place.ts';
import { readStamp } from '../../local/state/stamp.ts';
import type { Provider } from '../provider.ts';
import { INSTANCE } from './declaration.ts';

export const provider: Provider<'rehearsal'> = {
  // eslint-disable-next-line @typescript-eslint/require-await -- async, so that what throws is a promise that rejects
  connect: async (_cluster, { environment }) => {
    const stamp = readStamp(INSTANCE);
    const kubeconfig = accountKubeconfig(provisionedHere(INSTANCE).folder());
    if (stamp === null || stamp.fingerprint === null || !existsSync(kubeconfig))
      throw new CommandError(
        `${environment.name} is not up: \`plumbline env up --env ${environment.name}\` provisions it`,
        EXIT.usage,
      );
    const { uid, caSha256 } = stamp;
    return { kubeconfig, pin: { kubeSystemUid: uid, caSha256 }, platformReady: null };
  },
  // It has one size, which nobody can choose.
  provisioned: () => ({ ...provisionedHere(INSTANCE), size: () => undefined }),
  provisioning: () => import('./provisioning.ts'),
};
