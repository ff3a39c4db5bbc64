/** A proxy for tests (RFC 9110, 9.3.6): whatever name is asked for, it leads to this machine. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface ConnectProxy {
  /** With an account. */
  url: string;
  /** What was asked of it, as `CONNECT api.example.com:6443`, and by whom. */
  asked: { what: string; account: string }[];
  close: () => Promise<void>;
}

/** @param status what a tunnel is answered; one that is not 200 is refused */
export async function connectProxy(status = 200): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'] = [];
  const open = new Set<Socket>();
  const server = createServer((incoming, response) => {
    asked.push({ what: `${incoming.method} ${incoming.url}`, account: accountOf(incoming.headers) });
    const { port, pathname, search } = new URL(incoming.url ?? '');
    const onward = request({ host: '127.0.0.1', port, path: pathname + search }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, socket: Socket) => {
    asked.push({ what: `CONNECT ${incoming.url}`, account: accountOf(incoming.headers) });
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
      return;
    }
    const onward = connect(Number(incoming.url?.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const one of [socket, onward]) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => open.delete(one));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://someone:s3cret@127.0.0.1:${port}`,
    asked,
    close: async () => {
      for (const one of open) one.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function accountOf({ 'proxy-authorization': shown = '' }: { 'proxy-authorization'?: string }): string {
  return Buffer.from(shown.replace(/^Basic /, ''), 'base64').toString();
}
