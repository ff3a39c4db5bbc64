/** Entry: serves until SIGTERM. */
import { logOf } from '../../service-kit/log.ts';
import { LlmStub, stubServer } from './stub.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`);
  return value;
}

const server = stubServer(new LlmStub({ apiKey: setting('LLM_API_KEY') }));
server.keepAliveTimeout = 65_000;
server.listen(Number(setting('PORT')));
logOf('llm-stub')('info', 'ready');

function stop(): void {
  server.close();
  server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
