/**
 * A TCP proxy in a process of its own, so that its event loop disturbs no measurement. Commands come as lines on standard
 * input; each is answered with the CLOCK_MONOTONIC times right before and right after it took effect.
 *
 *     cut      connections are reset, new ones refused     restore   listens again
 *     drop     nothing is forwarded or accepted any more   resume    forwards again, what was held back too
 *     to PORT  new connections go there
 */
import { createServer, connect } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { monoMs } from '../../../host/clock.ts';
import { raisePriority } from '../../../probes/client-load/priority.ts';

const [listenPort = 0, firstPort = 0] = process.argv.slice(2).map(Number);
let targetPort = firstPort;
const sockets = new Set<Socket>();
let dropping = false;
let server: Server | null = null;

function track(socket: Socket): void {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
}

function listen(): Promise<void> {
  const opened = createServer({ pauseOnConnect: true }, (inbound) => {
    track(inbound);
    if (dropping) return; // accepted by the kernel, never answered
    const outbound = connect(targetPort, '127.0.0.1');
    track(outbound);
    inbound.pipe(outbound).pipe(inbound);
    inbound.on('close', () => outbound.destroy());
    outbound.on('close', () => inbound.destroy());
  });
  server = opened;
  return new Promise((resolve) => opened.listen(listenPort, '127.0.0.1', 511, resolve));
}

const commands: Record<string, (port: number) => Promise<void> | void> = {
  to: (port) => {
    targetPort = port;
  },
  cut: () => {
    server?.close();
    for (const socket of sockets) socket.resetAndDestroy();
  },
  restore: listen,
  drop: () => {
    dropping = true;
    for (const socket of sockets) socket.pause();
  },
  resume: () => {
    dropping = false;
    for (const socket of sockets) socket.resume();
  },
};

raisePriority();
await listen();
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const before = monoMs();
  const [command = '', port] = line.split(' ');
  await commands[command]?.(Number(port));
  process.stdout.write(`${JSON.stringify({ command: line, before, after: monoMs() })}\n`);
}
process.exit(0);
