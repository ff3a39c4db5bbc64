/**
 * A program: connects to the API server's Service, and asks the cluster's DNS for its address. Prints a line for each that does not answer.
 * Arguments: `HOST:PORT` of each.
 */
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';

/** API server and DNS answer within milliseconds; on two busy cores it can take a hundred times as long. */
const ANSWER_MS = 2000;
/** UDP loses packets. Each further query waits twice as long, the last 4 s. */
const DNS = { timeout: 1000, tries: 3 };
const API_NAME = 'kubernetes.default.svc.cluster.local';

const [api = '', dns = ''] = process.argv.slice(2);
const [host = '', port] = api.split(':');

async function reachApi(): Promise<void> {
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    console.log(`the API server's Service (${api}) accepts no connection`);
  } finally {
    socket.destroy();
  }
}

async function askDns(): Promise<void> {
  const resolver = new Resolver(DNS);
  resolver.setServers([dns]);
  try {
    const addresses = await resolver.resolve4(API_NAME);
    if (!addresses.includes(host))
      console.log(`the cluster's DNS (${dns}) does not know ${host} as ${API_NAME}`);
  } catch (error) {
    console.log(`the cluster's DNS (${dns}) does not answer for ${API_NAME}: ${String(error)}`);
  }
}

await Promise.all([reachApi(), askDns()]);
