/** Neo4j Community over TLS alone, and the documented account in it: the server of the reference platform. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryOnce } from '../../../../probes/neo4j/query.ts';
import { CHECKOUT } from '../../images/recipes.ts';
import { specOf } from '../../platform/applied.ts';
import { certificateFiles } from '../../platform/certificate.ts';
import type { PlatformContext } from '../../platform/context.ts';
import { NEO4J_IMAGE, serverObjects } from '../../platform/neo4j/index.ts';
import { part, type Applied } from '../../platform/part.ts';
import { LABELLING, storeCertificate } from '../store-certificate.ts';

const NAME = 'atlas';
const NAMESPACE = 'graphs';
const DOMAIN = `${NAME}.${NAMESPACE}.svc.cluster.local`;
const certificate = storeCertificate(NAME, {
  authority: 'graphs authority',
  names: [DOMAIN, `${NAME}-0.${NAME}-members.${NAMESPACE}.svc.cluster.local`],
  addresses: [],
});

const SERVER = {
  name: NAME,
  namespace: NAMESPACE,
  container: 'graph',
  database: NAME,
  data: '/srv/atlas',
  address: '76',
  class: 'fast-local',
} as const;
const FILES = ['manifests.yaml', 'tls.yaml', join(import.meta.dirname, 'launch.yaml')];

export const store = part({
  name: 'neo4j',
  images: [NEO4J_IMAGE],
  passwords: ['graphOwner', 'graphCanary'],
  objects: (context, secrets) => [
    ...certificate.objects(context, secrets, { folder: import.meta.dirname }),
    ...serverObjects(
      context,
      secrets,
      { ...SERVER, owner: secrets.graphOwner },
      { files: FILES, labelling: LABELLING },
    ),
  ],
  prepare: certificate.ensure,
  works: makeAccount,
});

const ACCOUNT_DEADLINE_MS = 60_000;

/** Has the account made. @throws what the server or the way to it said last */
async function makeAccount(
  context: PlatformContext,
  { objects, secrets }: Applied<'graphOwner' | 'graphCanary'>,
): Promise<void> {
  const { clusterIP, ports } = specOf(objects, 'Service', NAME) as {
    clusterIP: string;
    ports: [{ port: number }];
  };
  const { caCertificate } = certificateFiles(join(context.stateDir, NAME));
  const owner = {
    host: clusterIP,
    port: ports[0].port,
    database: 'system',
    user: 'neo4j',
    password: secrets.graphOwner,
    tls: { ca: readFileSync(caCertificate, 'utf8'), serverName: DOMAIN },
  };
  const query = readFileSync(join(CHECKOUT, 'deploy/accounts/neo4j.cypher'), 'utf8');
  const bounds = { deadlineMs: ACCOUNT_DEADLINE_MS, signal: context.signal };
  await queryOnce(owner, { query, parameters: { password: secrets.graphCanary } }, bounds);
}
