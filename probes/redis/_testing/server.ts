/** For unit tests of this folder: a server that speaks as much of Redis' protocol (RESP 2) as its driver does, and answers as it is told. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { StoreTarget } from '../../store/store-driver.ts';

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const list = (...texts: string[]): string => `*${texts.length}\r\n${texts.map(bulk).join('')}`;
const ROLE_OF_MASTER = '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';

/** @param answer the reply to a command, as it goes over the wire */
export async function serving(
  answer: (words: readonly string[], port: number) => string,
  work: (port: number) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const { port } = server.address() as AddressInfo;
      for (const command of data
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1))
        socket.write(
          answer(
            command.split('\r\n').filter((_, at) => at % 2 === 1),
            port,
          ),
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** A store of one member, which is its master; without Sentinels, unless `declared` says more. */
export function targetOf(port: number, declared: Record<string, unknown> = {}): StoreTarget {
  const at = { host: '127.0.0.1', port, database: '', user: '', password: '' };
  const wait = { replicas: 0, milliseconds: 100 };
  return {
    connection: { ...at, declared: { wait, ...declared } },
    members: () => Promise.resolve([{ name: 'redis-0', address: '127.0.0.1', port }]),
  };
}

/** To INFO and CLUSTER NODES as the one master of every slot; to CONFIG GET with one name as Redis before 7.0, which takes no more. */
export function answerOfMaster(words: readonly string[], port: number): string {
  const [command = '', ...args] = words;
  switch (`${command} ${args[0] ?? ''}`) {
    case 'CLUSTER NODES':
      return bulk(`aaa 127.0.0.1:${port}@1 myself,master - 0 1 1 connected 0-16383\n`);
    case 'CLUSTER INFO':
      return bulk('cluster_state:ok\r\n');
    case 'INFO replication':
      return bulk('role:master\r\nmaster_repl_offset:1\r\n');
    case 'CONFIG GET':
      return args.length === 2
        ? list(args[1] ?? '', 'a value')
        : "-ERR Unknown subcommand or wrong number of arguments for 'GET'. Try CONFIG HELP.\r\n";
    default:
      return command === 'ROLE' ? ROLE_OF_MASTER : ':1\r\n';
  }
}
