/** Entry: serves until SIGTERM. */
import { logOf } from '../../service-kit/log.ts';
import { setting } from '../../service-kit/setting.ts';
import { LlmStub, stubServer } from './stub.ts';

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
