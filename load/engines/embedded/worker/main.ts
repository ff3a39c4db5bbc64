/** Entry point of a load's threads. */
import { parentPort, workerData } from 'node:worker_threads';
import { textOf } from './hooks.ts';
import { LoadThread } from './load-thread.ts';
import type { FromThread, Question, RenewOrder, StopOrder, ThreadData } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('this file is run as a thread of the embedded load engine');
const say = (message: FromThread): void => port.postMessage(message);
const thread = new LoadThread(workerData as ThreadData, say);

port.on('message', (message: Question | StopOrder | RenewOrder) => {
  if ('stop' in message) thread.stop(message);
  else if ('renew' in message) thread.renew(message);
  else void answer(message);
});

// Without a handler, the thread would end with an error, and the load would fail.
process.on('unhandledRejection', (reason) => thread.rejected(reason));

async function answer(question: Question): Promise<void> {
  try {
    const handler = thread.handlers[question.name] as (ask: unknown) => unknown;
    say({ type: 'answer', id: question.id, value: await handler(question.ask) });
  } catch (error) {
    say({ type: 'failure', id: question.id, message: textOf(error) });
  }
}
