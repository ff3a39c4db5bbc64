import { randomUUID } from 'node:crypto';
import type { Application, Edge, Environment } from '../../env/schema.ts';
import { addressOfUrl, hostAndPort } from '../../host/http.ts';
import { askText, connectError } from '../../probes/asking.ts';
import { throughTheEdge, trusted } from '../../probes/edge/edge-request.ts';
import type { Address } from '../../suites/catalogue/plan/reached.ts';
import { missing, notNeeded, ok, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';

/** The way of requests through the edge, the stand-in for the model, and the address of the API server that clients use. */
export const edge: Kind = { name: 'edge', look };

interface Bounds {
  deadlineMs: number;
  signal: AbortSignal;
}

async function look({ environment, running, deadlineMs, signal }: Situation): Promise<Item[]> {
  const bounds = { deadlineMs, signal };
  const { application, topology } = environment;
  const declared = topology.edge;
  const connected = connectedIn(environment);
  if (running.length === 0)
    return [...(declared === undefined ? [] : ['topology.edge']), ...connected.map(({ key }) => key)].map(
      (key) => notNeeded(key, 'no check is planned'),
    );
  return Promise.all([
    ...(declared === undefined ? [] : [edgeItem({ edge: declared, application }, bounds)]),
    ...connected.map((one) => connectedItem(one, bounds)),
  ]);
}

interface Connected {
  key: string;
  at: Address;
}

/** What is only connected to. */
function connectedIn({ apiAddress, ai }: Environment): Connected[] {
  const control = ai?.llm.control;
  return [
    apiAddress === undefined ? null : { key: 'apiAddress', at: hostAndPort(apiAddress) },
    control === undefined ? null : { key: 'ai.llm.control.url', at: addressOfUrl(control.url) },
  ].filter((one) => one !== null);
}

async function connectedItem({ key, at }: Connected, bounds: Bounds): Promise<Item> {
  const what = `${key} at ${at.host}:${at.port}`;
  const error = await connectError(at, bounds);
  if (error === null) return ok(what, 'accepts connections');
  return missing(what, askText(error), `${key} as this machine reaches it`);
}

/** One request that changes nothing, as topology/edge/path sends it. */
async function edgeItem(
  { edge: declared, application }: { edge: Edge; application: Application | undefined },
  { deadlineMs, signal }: Bounds,
): Promise<Item> {
  const what = `topology.edge at ${declared.url}`;
  if (application === undefined)
    return missing(what, 'nothing says what to ask there', 'application (docs/guide/application.md)');
  const authorities = await trusted(declared.trust);
  if ('unavailable' in authorities) return unknown(what, authorities.unavailable);
  const correlationId = `doctor-${randomUUID()}`;
  const how = { correlationId, ca: authorities.pem, timeoutMs: deadlineMs, signal };
  try {
    const { status, ok: good, why } = await throughTheEdge({ edge: declared, application }, how);
    return good
      ? ok(what, `answers ${status}`)
      : missing(
          what,
          `it answers ${why}, not as the contract has it`,
          'application.requests.look: a request that passes the whole chain and changes nothing, and its answer',
        );
  } catch (error) {
    signal.throwIfAborted();
    return missing(what, askText(error), 'topology.edge.url or address as this machine reaches it');
  }
}
