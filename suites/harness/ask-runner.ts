/** A test's end of the socket: what the runner says of its check becomes steps, attachments and the end of the test. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { test } from '@playwright/test';
import type { TestInfo } from '@playwright/test';
import type { Judgement } from '../../reports/record/judgement.ts';
import { parseJson } from '../../host/json.ts';
import { message, SOCKET } from './messages.ts';

/**
 * Lets the runner run a check, shows its steps, attaches its judgement, and skips the test of a check that is not run.
 * @throws Error unless the check passes
 */
export async function showCheck(check: string, info: TestInfo): Promise<void> {
  const open = new Map<number, PromiseWithResolvers<null>>();
  for await (const line of createInterface({ input: await askFor(check) })) {
    const said = message.parse(parseJson(line));
    if (said.kind === 'step-begins') {
      const end = Promise.withResolvers<null>();
      open.set(said.step, end);
      void test.step(said.title, () => end.promise).catch(() => undefined);
    } else if (said.kind === 'step-ends') {
      const end = open.get(said.step);
      if (said.error === undefined) end?.resolve(null);
      else end?.reject(new Error(said.error));
    } else if (said.judgement === null) {
      test.skip(true, said.notRun ?? '');
      return;
    } else {
      await conclude(said.judgement, info);
      return;
    }
  }
  throw new Error(`Plumbline came to no verdict on ${check}: see what it printed`);
}

async function conclude(judgement: Judgement, info: TestInfo): Promise<void> {
  const text = textOf(judgement);
  await info.attach('judgement', { body: text, contentType: 'text/plain' });
  await info.attach('judgement.json', {
    body: JSON.stringify(judgement, null, 2),
    contentType: 'application/json',
  });
  if (judgement.verdict !== 'pass') throw new Error(text);
}

function textOf({ verdict, reason, expected, seen, findings }: Judgement): string {
  const deviations = findings
    .filter(({ ok }) => !ok)
    .map((one) => `- ${one.subject}: expected ${one.expected}, seen ${one.seen}`);
  return [`${verdict}: ${reason}`, `expected: ${expected}`, `seen: ${seen}`, ...deviations].join('\n');
}

async function askFor(check: string): Promise<IncomingMessage> {
  const socketPath = process.env[SOCKET];
  if (socketPath === undefined) throw new Error(`${SOCKET} is not set: no runner was started`);
  const asked = request({ socketPath, path: `/${check}` }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}
