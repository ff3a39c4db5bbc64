/** The application of the rehearsal, asked as its declared contract has it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvironment } from '../../../env/loader.ts';
import { askApplication, valuesFor, type ApplicationTarget } from '../../../probes/application/asking.ts';
import type { ContractRequest } from '../../../probes/application/contract.ts';
import { edgeEndpoint } from '../../../probes/edge/endpoint.ts';
import { STATE } from './platform.ts';

const ANSWER_MS = 5_000;

/** Reached with the key of canaries. */
export async function declaredApplication() {
  const { application, topology } = await loadEnvironment('rehearsal', { with: ['postgres'] });
  const { edge } = topology;
  assert.ok(application !== undefined && edge !== undefined);
  const { create, read, remove, find } = application.requests;
  assert.ok(create && read?.state && remove && find);
  const key = readFileSync(join(STATE, 'account', 'bids-key'), 'utf8').trim();
  const url = new URL(edge.url);
  const ca = readFileSync(join(STATE, 'bids', 'ca.crt'), 'utf8');
  const target: ApplicationTarget = {
    url,
    endpoint: edgeEndpoint(url, edge.address, { ca }),
    contract: { follow: application.follow, proof: application.proof },
    prefix: application.canaries.prefix,
    identity: { headers: () => ({ apikey: key }), refused: () => undefined },
  };
  const ask = (request: ContractRequest, of: { title?: string; id?: string }) => {
    const values = valuesFor(target, { correlationId: 'rehearsal', n: 0, ...of });
    return askApplication(target, { request, values }, { deadlineMs: ANSWER_MS });
  };
  const made = async (title: string): Promise<string> => {
    const { fate } = await ask(create, { title });
    return fate.id ?? assert.fail(fate.why);
  };
  const isThere = async (id: string): Promise<boolean> => (await ask(read, { id })).reply.status !== 404;
  return { target, requests: { create, read, remove, find }, state: read.state, ask, made, isThere };
}
