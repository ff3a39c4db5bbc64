/** An application as another team builds it, with its drafts in the PostgreSQL of the rehearsal, and the gateway before it, which wants a key. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askOnce } from '../../../../host/http.ts';
import { waitFor } from '../../../../host/wait.ts';
import { HAPROXY_IMAGE } from '../../platform/elasticsearch/index.ts';
import { app, modules, rehearsalService } from '../../images/recipes.ts';
import { specOf } from '../../platform/applied.ts';
import type { PlatformContext } from '../../platform/context.ts';
import { part, type Applied } from '../../platform/part.ts';
import { certificate as databases } from '../postgres/index.ts';
import { storeCertificate } from '../store-certificate.ts';

const NAMESPACE = 'bids';
const DESK = 'bid-desk';
const GATEWAY = 'bid-gateway';
/** As clients outside of the cluster know it. */
const HOST = 'bids.rehearsal.test';
/** Where it sends spans, with `telemetry` (tracing/). */
const ZIPKIN = 'http://spans.watch.svc.cluster.local:9411';
const certificate = storeCertificate(NAMESPACE, {
  authority: 'bids authority',
  names: [HOST, `${GATEWAY}.${NAMESPACE}.svc.cluster.local`],
  addresses: [],
});

/** It needs the part of PostgreSQL: its account is made there. */
export const bids = part({
  name: 'bids',
  images: [app(DESK, [modules('app', 'pg', 'prom-client'), rehearsalService('bids')]), HAPROXY_IMAGE],
  passwords: ['bids', 'bidsCanaryKey', 'bidsGuestKey', 'bidsTokenKey'],
  objects: (context, secrets) => {
    const zipkin = context.with.includes('telemetry') ? ZIPKIN : '';
    const values = { databases: databases.values(context).authority, zipkin };
    return certificate.objects(context, secrets, { folder: import.meta.dirname, values });
  },
  prepare: certificate.ensure,
  works: leadsToDrafts,
});

const PATH_DEADLINE_MS = 30_000;
const ANSWER_MS = 5_000;

/**
 * Waits for a list of drafts through the gateway, with the key of the canaries.
 * @throws DeadlineError with what came back last
 */
async function leadsToDrafts(context: PlatformContext, applied: Applied<'bidsCanaryKey'>): Promise<void> {
  await waitFor(async () => await listed(context, applied), {
    what: `${GATEWAY} of ${context.instance} to lead to ${DESK}`,
    deadlineMs: PATH_DEADLINE_MS,
    intervalMs: 300,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${NAMESPACE} logs deployment/${GATEWAY}`,
  });
}

/** Throws with the answer while it is another one. */
async function listed(
  { stateDir, signal }: PlatformContext,
  { objects, secrets }: Applied<'bidsCanaryKey'>,
): Promise<true> {
  const { clusterIP, ports } = specOf(objects, 'Service', GATEWAY) as {
    clusterIP: string;
    ports: [{ port: number }];
  };
  const server = {
    url: `https://${HOST}`,
    address: `${clusterIP}:${String(ports[0].port)}`,
    ca: readFileSync(join(stateDir, NAMESPACE, 'ca.crt'), 'utf8'),
  };
  const question = { path: '/bids/v2/drafts?size=1', headers: { apikey: secrets.bidsCanaryKey } };
  const { status, text } = await askOnce(server, question, { deadlineMs: ANSWER_MS, signal });
  if (status === 200) return true;
  throw new Error(`${String(status)} ${text.slice(0, 300)}`);
}
