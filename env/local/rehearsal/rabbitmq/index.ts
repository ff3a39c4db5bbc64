/** RabbitMQ over TLS alone, and the documented account in it: the members of the reference platform. */
import { join } from 'node:path';
import { waitFor } from '../../../../host/wait.ts';
import { replicasOf } from '../../platform/applied.ts';
import type { PlatformContext } from '../../platform/context.ts';
import { part, type Applied } from '../../platform/part.ts';
import { render } from '../../platform/manifests.ts';
import { RABBITMQ_IMAGE, type Rabbitmq } from '../../platform/rabbitmq/index.ts';
import { LABELLING, storeCertificate } from '../store-certificate.ts';

const NAME = 'broker';
const NAMESPACE = 'messaging';
const DOMAIN = `${NAMESPACE}.svc.cluster.local`;
const certificate = storeCertificate(NAME, {
  authority: 'messaging authority',
  names: [
    `${NAME}.${DOMAIN}`,
    NAME,
    ...[0, 1, 2].map((at) => `${NAME}-${String(at)}.${NAME}-members.${DOMAIN}`),
  ],
  addresses: [],
});

const VALUES: Rabbitmq = {
  name: NAME,
  namespace: NAMESPACE,
  container: 'rabbit',
  cluster: NAME,
  address: '61',
  class: 'fast-local',
};
const FILES = ['manifests.yaml', 'tls.yaml', join(import.meta.dirname, 'accounts.yaml')];

export const store = part({
  name: 'rabbitmq',
  images: [RABBITMQ_IMAGE],
  passwords: ['rabbitmqPlumbline', 'rabbitmqAdmin', 'erlangCookie'],
  objects: (context, secrets) => [
    ...certificate.objects(context, secrets, { folder: import.meta.dirname }),
    ...render(context, secrets, { folder: 'rabbitmq', files: FILES, values: VALUES, labelling: LABELLING }),
  ],
  prepare: certificate.ensure,
  works: isOneCluster,
});

const CLUSTER_DEADLINE_MS = 90_000;
const COMMAND_MS = 60_000; // each command of rabbitmqctl starts a runtime of its own

/**
 * Waits for one cluster of all members, and has the account made.
 * @throws DeadlineError with what the cluster said last
 */
async function isOneCluster(context: PlatformContext, { objects }: Applied): Promise<void> {
  const members = replicasOf(objects, 'StatefulSet', NAME);
  await waitFor(async () => await oneCluster(context, members), {
    what: `RabbitMQ of ${context.instance} to be one cluster of ${String(members)}`,
    deadlineMs: CLUSTER_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${NAMESPACE} exec ${NAME}-0 -- rabbitmqctl cluster_status`,
  });
  await inFirst(context, 'sh /etc/rabbitmq/account.sh');
}

async function inFirst(context: PlatformContext, command: string): Promise<string> {
  const argv = ['exec', '-n', NAMESPACE, `${NAME}-0`, '-c', 'rabbit', '--', 'sh', '-c', command];
  return (await context.kubectl(argv, { timeoutMs: COMMAND_MS })).trim();
}

/** Throws with the nodes that the first member sees while they are not all. */
async function oneCluster(context: PlatformContext, members: number): Promise<true> {
  const asked = `erl_call -timeout 5 -name "$RABBITMQ_NODENAME" -a 'rabbit_nodes all_running []'`;
  const said = await inFirst(context, asked);
  const running = said.match(/rabbit@/g)?.length ?? 0;
  if (running === members) return true;
  throw new Error(`${String(running)} members run: ${said}`);
}
