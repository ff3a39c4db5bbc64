import type { Reporter, TestCase, TestError, TestResult, TestStep } from '@playwright/test/reporter';
import { abortWorker, RunnerClient } from './client.ts';
import { readHandover } from './handover.ts';
import type { ProgressEvent } from './protocol.ts';

/**
 * Reports the beginning of steps, and Playwright's own errors, to the runner. It writes no files: only the runner writes reports. Its
 * connection also ends Playwright's main process when the runner is gone while no worker runs.
 */
class ProgressReporter implements Reporter {
  readonly #client = RunnerClient.connect(readHandover().socket, abortWorker);
  #sent: Promise<unknown> = Promise.resolve();

  onStepBegin(test: TestCase, _result: TestResult, step: TestStep): void {
    if (step.category === 'test.step') this.#send({ event: 'step', check: test.title, detail: step.title });
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

// eslint-disable-next-line no-restricted-exports -- Playwright takes a reporter from the default export of its file and from nowhere else
export default ProgressReporter;
