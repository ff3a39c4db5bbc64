/** The target of the load generators: a server in its own process that answers two bytes at minimal cost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const SERVER = `
  const answer = Buffer.from('HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\nok');
  const server = require('node:net').createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', () => socket.write(answer));
  });
  process.stdin.on('end', () => process.exit()).resume();
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

/** Calls `work` with the server's URL, and ends the server afterwards. */
export async function withTarget<T>(work: (url: string) => Promise<T>): Promise<T> {
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    return await work(`http://127.0.0.1:${line.toString().trim()}/`);
  } finally {
    server.kill();
  }
}
