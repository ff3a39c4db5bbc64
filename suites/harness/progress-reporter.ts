import type {
  FullConfig,
  Reporter,
  Suite,
  TestCase,
  TestError,
  TestResult,
  TestStep,
} from '@playwright/test/reporter';
import { abortWorker, RunnerClient } from './client.ts';
import { readHandover } from './handover.ts';
import type { ProgressEvent } from './protocol.ts';

/**
 * Tells the runner what Playwright does. It writes nothing: the runner alone writes reports. Its connection also ends
 * Playwright's main process when the runner is gone and no worker is there to notice.
 */
class ProgressReporter implements Reporter {
  readonly #client = RunnerClient.connect(readHandover().socket, abortWorker);
  #sent: Promise<unknown> = Promise.resolve();

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#send({ event: 'loaded', tests: suite.allTests().length });
  }

  onTestBegin(test: TestCase): void {
    this.#send({ event: 'test', check: test.title });
  }

  onStepBegin(test: TestCase, _result: TestResult, step: TestStep): void {
    if (step.category === 'test.step') this.#send({ event: 'step', check: test.title, detail: step.title });
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    this.#send({ event: 'ended', check: test.title, detail: ended(result) });
  }

  onError(error: TestError): void {
    this.#send({ event: 'error', detail: error.message ?? error.value ?? 'unknown error of Playwright' });
  }

  async onEnd(): Promise<void> {
    await this.#sent;
    const client = await this.#client;
    client.close();
  }

  printsToStdio(): boolean {
    return false;
  }

  #send(event: ProgressEvent): void {
    const sent = this.#client.then((client) => client.call('progress.event', event));
    this.#sent = Promise.all([this.#sent, sent]).catch(() => undefined);
  }
}

function ended(result: TestResult): string {
  if (result.status === 'passed' || result.status === 'skipped') return result.status;
  return `${result.status}: ${result.error?.message ?? result.error?.value ?? 'no message'}`;
}

// eslint-disable-next-line no-restricted-exports -- Playwright takes a reporter from the default export of its file and from nowhere else
export default ProgressReporter;
