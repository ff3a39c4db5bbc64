import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { askFailureOf, cannotAsk } from '../asking.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { dialled } from '../store/store-driver.ts';
import type { StoreConnection } from '../store/store-driver.ts';

/** Bolt's magic number and four versions, of which 5.0 and 4.4 are offered (Bolt protocol, "Handshake"). */
const HANDSHAKE = Buffer.from('6060b01700000005000004040000000000000000', 'hex');
const LONGEST_MS = 1000;

/**
 * Neo4j closes a connection that is encrypted, or not, against its settings, without a word. What it speaks is found out by a handshake of the
 * other kind, without an account.
 * @returns the error itself, or one that says so in its place
 */
export async function explainedByTls(
  error: unknown,
  connection: StoreConnection,
  limitMs: number,
): Promise<unknown> {
  const { kind, cause } = askFailureOf(error);
  if (kind !== 'cannot-ask' || cause !== 'protocol') return error;
  const { host, port, tls, declared } = connection;
  const at = await dialled(connection, connection, { deadlineMs: limitMs }).catch(() => null);
  if (at === null) return error;
  const encrypts = tls !== undefined || String(declared?.['scheme']).includes('+');
  const speaks = await (encrypts ? speaksBolt : speaksTls)(at, Math.min(limitMs, LONGEST_MS));
  if (!speaks) return error;
  const seen = encrypts
    ? 'it speaks Bolt without TLS there, and TLS is declared'
    : 'it speaks TLS there, and none is declared';
  return cannotAsk('tls', `Neo4j at ${host}:${port}: ${seen} (${errorText(error)})`, { cause: error });
}

type At = Pick<StoreConnection, 'host' | 'port'>;

function speaksBolt(at: At, limitMs: number): Promise<boolean> {
  const socket = connect(at, () => socket.write(HANDSHAKE));
  return happens(socket, 'data', limitMs);
}

function speaksTls(at: At, limitMs: number): Promise<boolean> {
  // Nothing is sent over it, so that it does not matter whose certificate it is.
  return happens(connectTls({ ...at, rejectUnauthorized: false }), 'secureConnect', limitMs);
}

/** Whether it happens before the socket ends; the socket is destroyed. */
function happens(socket: Socket, event: 'data' | 'secureConnect', limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), limitMs);
    socket.on('error', () => undefined);
    socket.once(event, () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
