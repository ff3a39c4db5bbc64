import { randomUUID } from 'node:crypto';
import type { Edge, Environment } from '../../env/schema.ts';
import { addressOfUrl, hostAndPort } from '../../host/http.ts';
import { askText, connectError } from '../../probes/asking.ts';
import { throughTheEdge, trusted } from '../../probes/edge/edge-request.ts';
import type { Address } from '../../suites/catalogue/plan/reached.ts';
import { missing, notNeeded, ok, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';

/** The way of requests through the edge, the AI service and its model, and the address of the API server that clients use. */
export const edge: Kind = { name: 'edge', look };

interface Bounds {
  deadlineMs: number;
  signal: AbortSignal;
}

async function look({ environment, running, deadlineMs, signal }: Situation): Promise<Item[]> {
  const bounds = { deadlineMs, signal };
  const declared = environment.topology.edge;
  const connected = connectedIn(environment);
  if (running.length === 0)
    return [...(declared === undefined ? [] : ['topology.edge']), ...connected.map(({ key }) => key)].map(
      (key) => notNeeded(key, 'no check is planned'),
    );
  return Promise.all([
    ...(declared === undefined ? [] : [edgeItem(declared, bounds)]),
    ...connected.map((one) => connectedItem(one, bounds)),
  ]);
}

interface Connected {
  key: string;
  at: Address;
}

/** What is only connected to. A draft of the AI service would make its model work. */
function connectedIn({ apiAddress, ai, topology }: Environment): Connected[] {
  const control = ai?.llm.control;
  return [
    apiAddress === undefined ? null : { key: 'apiAddress', at: hostAndPort(apiAddress) },
    ai === undefined ? null : { key: 'ai.url', at: addressOfUrl(ai.url, topology.edge?.address) },
    control === undefined ? null : { key: 'ai.llm.control.url', at: addressOfUrl(control.url) },
  ].filter((one) => one !== null);
}

async function connectedItem({ key, at }: Connected, bounds: Bounds): Promise<Item> {
  const what = `${key} at ${at.host}:${at.port}`;
  const error = await connectError(at, bounds);
  if (error === null) return ok(what, 'accepts connections');
  return missing(what, askText(error), `${key} as this machine reaches it`);
}

/** One GET, as topology/edge/path sends it. */
async function edgeItem(declared: Edge, { deadlineMs, signal }: Bounds): Promise<Item> {
  const what = `topology.edge at ${declared.url}`;
  const authorities = await trusted(declared.trust);
  if ('unavailable' in authorities) return unknown(what, authorities.unavailable);
  const correlationId = `doctor-${randomUUID()}`;
  const how = { correlationId, ca: authorities.pem, timeoutMs: deadlineMs, signal };
  try {
    const { status } = await throughTheEdge(declared, how);
    return status >= 200 && status <= 299
      ? ok(what, `answers ${status}`)
      : missing(
          what,
          `it answers ${status} where 2xx is expected`,
          'topology.edge.url: a GET that passes the whole chain and changes nothing',
        );
  } catch (error) {
    signal.throwIfAborted();
    return missing(what, askText(error), 'topology.edge.url or address as this machine reaches it');
  }
}
