import { randomUUID } from 'node:crypto';
import type { Application, Edge, Environment } from '../../env/schema.ts';
import { addressOfUrl, hostAndPort } from '../../host/http.ts';
import { askText, connectError } from '../../probes/asking.ts';
import { throughTheEdge, trusted } from '../../probes/edge/edge-request.ts';
import type { EdgeLook } from '../../probes/edge/edge-request.ts';
import type { Address } from '../../suites/catalogue/plan/reached.ts';
import { askedBy } from './asked.ts';
import { missing, notNeeded, NOT_REACHED, ok, unknown } from './item.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { refusalIn } from '../../reports/record/refusals.ts';
import type { Refusal } from '../../reports/record/refusals.ts';
import { ApplicationAccess } from '../targets/application-access.ts';
import type { StoreTargets } from '../targets/store-target.ts';
import type { Item, Kind, Situation } from './item.ts';

/** The way of requests through the edge, the stand-in for the model, and the address of the API server that clients use. */
export const edge: Kind = { name: 'edge', look };

interface Bounds {
  deadlineMs: number;
  signal: AbortSignal;
}

async function look(situation: Situation): Promise<Item[]> {
  const { environment, reached, deadlineMs, signal } = situation;
  const bounds = { deadlineMs, signal };
  const { application, topology } = environment;
  const asked = askedBy(situation);
  const looked = connectedIn(environment).map(async (one) =>
    asked(one.key) ? connectedItem(one, bounds) : notNeeded(one.key, 'no planned check asks it'),
  );
  const declared = topology.edge;
  if (declared === undefined) return Promise.all(looked);
  if (application === undefined || !asked('topology.edge'))
    return [
      notNeeded('topology.edge', 'no planned check sends anything through it'),
      ...(await Promise.all(looked)),
    ];
  const stores = reached?.stores ?? null;
  return Promise.all([edgeItem({ edge: declared, application }, { ...bounds, stores }), ...looked]);
}

interface Connected {
  key: string;
  at: Address;
}

/** What is only connected to. */
function connectedIn({ apiAddress, ai, readOnly }: Environment): Connected[] {
  const control = readOnly === true ? undefined : ai?.llm.control;
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

interface Asked {
  edge: Edge;
  application: Application;
}

async function edgeItem({ edge: declared, application }: Asked, bounds: EdgeBounds): Promise<Item> {
  const what = `topology.edge at ${declared.url}`;
  const authorities = await trusted(declared.trust);
  if ('unavailable' in authorities) return unknown(what, authorities.unavailable);
  if (bounds.stores === null && application.credentials !== undefined) return unknown(what, NOT_REACHED);
  const opening = new ApplicationAccess({ application }, bounds.stores ?? NO_SECRETS);
  try {
    const { identity, client } = await opening.open();
    const { deadlineMs: timeoutMs, signal } = bounds;
    return await lookItem(
      { edge: declared, application },
      {
        correlationId: `doctor-${randomUUID()}`,
        ca: authorities.pem,
        timeoutMs,
        signal,
        identity,
        ...(client !== undefined && { client }),
      },
    );
  } catch (error) {
    bounds.signal.throwIfAborted();
    const advice = 'application.credentials as their sources and the token endpoint have them';
    return missing('application.credentials', errorText(error), advice);
  } finally {
    opening.close();
  }
}

interface EdgeBounds extends Bounds {
  /** null: the cluster is not reached, so that no Secret can be read. */
  stores: StoreTargets | null;
}

const noSecret = (): Promise<never> => Promise.reject(new Error(NOT_REACHED));
const NO_SECRETS = { secret: noSecret, reread: noSecret, keep: () => undefined };

/** One request that changes nothing, as topology/edge/path sends it. */
async function lookItem(asked: Asked, how: EdgeLook): Promise<Item> {
  const what = `topology.edge at ${asked.edge.url}`;
  try {
    const { status, ok: good, why, authorized, tlsError, withheld } = await throughTheEdge(asked, how);
    if (!authorized && asked.edge.url.startsWith('https:')) {
      const unshown = withheld === true ? '; application.credentials were not shown to it' : '';
      return missing(what, `its certificate is not accepted: ${tlsError}${unshown}`, TRUST);
    }
    return good ? ok(what, `answers ${status}`) : missing(what, `it answers ${why}`, adviceOf(why));
  } catch (error) {
    how.signal.throwIfAborted();
    return missing(what, askText(error), 'topology.edge.url or address as this machine reaches it');
  }
}

const TRUST =
  'the authority that signs its certificate as topology.edge.trust: { file: … }, or a certificate for the name in topology.edge.url';

const REFUSED: Readonly<Record<Refusal, string>> = {
  credentials: 'application.credentials that the gateway takes',
  login:
    'topology.edge.url of the API itself, past the login page, and application.credentials that it takes; where the request asks for a web page with a login in it, expects: [{ header: content-type, contains: text/html }]',
  permission: 'application.credentials of an account that may send application.requests.look',
  'rate-limit': 'a rate limit of the gateway that lets the load of the checks through',
};

function adviceOf(why: string): string {
  const refusal = refusalIn(why);
  return refusal === null
    ? 'application.requests.look: a request that passes the whole chain and changes nothing, and its answer'
    : REFUSED[refusal];
}
