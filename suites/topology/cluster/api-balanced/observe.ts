import { monoMs } from '../../../../host/clock.ts';
import { lookUntil } from '../../../../host/wait.ts';
import { apiServers, clientsAddress } from '../../_cluster/api-servers.ts';
import type { ApiServer } from '../../_cluster/api-servers.ts';
import { LOOK_EVERY_MS, recordLeaders } from '../../_cluster/leaders.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { askOnce, urlOf } from '../../../../host/http.ts';
import { errorText } from '../../../../reports/record/error-text.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** Time between requests to the clients' address: 400 requests in one window, of which the 1 % that may fail is 4. */
const EVERY_MS = 50;

const WINDOW_MS = 20_000;

interface Answered {
  ok: boolean;
  detail: string;
}

/** Takes each API server down in turn and keeps asking the address that clients use. */
export async function observe(ctx: CheckContext): Promise<void> {
  const address = clientsAddress(ctx);
  if (address === null) {
    ctx.unavailable('apiAddress', 'the environment declares no address for clients');
    return;
  }
  const servers = await ctx.step('find the API servers', () => apiServers(ctx));
  await ctx.step('query every API server at its own address', async () => {
    for (const server of servers) {
      const answer = await ask(server, ctx);
      const address = `${server.host}:${server.port}`;
      ctx.record('api-server', { node: server.node, address, when: 'before', ...answer });
    }
  });
  await ctx.step('record the leader of each store', () => recordLeaders(ctx, 'before'));
  const asking = new AbortController();
  const generator = keepAsking(ctx, address, AbortSignal.any([asking.signal, ctx.signal]));
  try {
    for (const server of servers) {
      if (!(await ctx.step(`without the API server of ${server.node}`, () => without(ctx, server)))) break;
    }
  } finally {
    asking.abort();
    await generator;
  }
  await ctx.step('record the leader of each store again', () => recordLeaders(ctx, 'after'));
}

/**
 * Stops one server, proves it by a refused connection, waits out the window, starts it again and waits for its answer.
 * False when the server could not be stopped: the runner refuses while it cannot reach the cluster itself. What was seen
 * until then is still judged.
 */
async function without(ctx: CheckContext, server: ApiServer): Promise<boolean> {
  try {
    await ctx.runner.call('node.apiServer', { check: ctx.id, node: server.node, action: 'stop' });
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.unavailable(`the outage of the API server of ${server.node}`, String(error));
    return false;
  }
  const answers = async (): Promise<boolean> => (await ask(server, ctx)).ok;
  const looking = { intervalMs: LOOK_EVERY_MS, signal: ctx.signal };
  const down = !(await lookUntil(answers, (ok) => !ok, {
    deadlineMs: ctx.timeoutMs('apiServerDown'),
    ...looking,
  }));
  ctx.record('server-down', {
    node: server.node,
    proved: down,
    detail: down ? 'refuses connections' : 'still answers',
  });
  if (down) await sleep(WINDOW_MS, undefined, { signal: ctx.signal });
  ctx.record('server-start', { node: server.node });
  await ctx.runner.call('node.apiServer', { check: ctx.id, node: server.node, action: 'start' });
  const back = await lookUntil(answers, (ok) => ok, {
    deadlineMs: ctx.timeoutMs('apiServerUp'),
    ...looking,
  });
  ctx.record('api-server', {
    node: server.node,
    address: `${server.host}:${server.port}`,
    when: 'again',
    ok: back,
    detail: back ? 'answers again' : 'does not come back',
  });
  await recordLeaders(ctx, server.node);
  return true;
}

/** An open loop, numbered: a slow answer delays no other request. Every request is recorded when it is answered. */
async function keepAsking(
  ctx: CheckContext,
  address: { host: string; port: number },
  signal: AbortSignal,
): Promise<void> {
  const open = new Set<Promise<void>>();
  const due = async (at: number): Promise<boolean> => {
    await sleep(Math.max(0, at - monoMs()), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  };
  let [sent, answered] = [0, 0];
  for (let next = monoMs(); await due(next); next += EVERY_MS) {
    const sentMs = monoMs();
    const n = ++sent;
    const one = ask(address, ctx).then(({ ok, detail }) => {
      ctx.record('api-request', { n, sentMs, ok, detail: ok ? '' : detail });
      if (ok) answered += 1;
      open.delete(one);
    });
    open.add(one);
  }
  await Promise.all(open);
  ctx.record('api-requests', { sent, answered });
}

/** One GET of /readyz on a new connection, as from a new client. The certificate is not verified: topology/cluster/versions does that. */
async function ask(at: { host: string; port: number }, ctx: CheckContext): Promise<Answered> {
  const server = { url: urlOf('https', at), anyCertificate: true };
  try {
    const { status } = await askOnce(server, { path: '/readyz' }, { deadlineMs: ctx.timeoutMs('connect') });
    // 401 and 403 are answers too: the server does not let anonymous clients read /readyz.
    return { ok: status === 200 || status === 401 || status === 403, detail: `status ${status}` };
  } catch (error) {
    return { ok: false, detail: errorText(error) };
  }
}
