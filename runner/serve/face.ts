/** The runner's end of the socket on which tests in Playwright ask for checks: `GET /CHECK`, answered by messages, one JSON object a line. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Message, StepMessage, VerdictMessage } from '../../suites/harness/messages.ts';

/**
 * Runs a check for a test.
 * @param gone aborted when the test is not there any more
 * @returns null: there is no such check, or it came to no verdict
 */
type RunCheck = (
  check: string,
  follow: (step: StepMessage) => void,
  gone: AbortSignal,
) => Promise<VerdictMessage | null>;

export interface Face {
  /** Answers tests until Playwright is gone, or the signal is aborted; the tests that still wait are then disconnected. */
  serve(stop: AbortSignal, run: RunCheck): Promise<void>;
}

/**
 * @param path of the Unix socket
 * @param left aborted when Playwright is gone
 */
export function faceAt(path: string, left: AbortSignal): Face {
  return {
    serve: async (stop, run) => {
      const running = new Set<Promise<void>>();
      const server = createServer((request, response) => {
        const answered = answer(request, response, run);
        running.add(answered);
        void answered.finally(() => running.delete(answered));
      });
      server.listen(path);
      await once(server, 'listening');
      const over = AbortSignal.any([stop, left]);
      if (!over.aborted) await once(over, 'abort');
      server.close();
      // A check that was broken off is still undone and judged; its test may be there to hear it, unless Playwright is gone.
      if (left.aborted) server.closeAllConnections();
      await Promise.all(running);
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, run: RunCheck): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('its test in Playwright is gone')));
  const say = (message: Message): void => void response.write(`${JSON.stringify(message)}\n`);
  try {
    const verdict = await run((request.url ?? '').slice(1), say, gone.signal);
    if (verdict === null) response.statusCode = 404;
    else say(verdict);
  } finally {
    response.end();
  }
}

/** Aborted when standard input ends: the process at its other end is gone. */
export function whenInputEnds(): AbortSignal {
  const left = new AbortController();
  process.stdin.once('close', () => left.abort(new Error('Playwright is gone')));
  process.stdin.resume();
  return left.signal;
}
