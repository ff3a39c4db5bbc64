/** For unit tests only: as much of a runner as sends requests through a gateway of the test, and what they recorded. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadEnvironment } from '../../../env/loader.ts';
import { applicationSchema } from '../../../env/schema.ts';
import type { Environment } from '../../../env/schema.ts';
import { planChecks } from '../../../suites/catalogue/index.ts';
import type { Seen } from '../../../suites/_testing/histories.ts';
import type { RunnerCore } from '../../serve/runner-parts.ts';
import { ApplicationAccess } from '../application-access.ts';
import type { TestGateway } from './gateway.ts';

export const STEADY = { requestsPerSecond: 40, seconds: 4 };
const local = await loadEnvironment('local');

/** An application whose answers say nothing but that the service gave them. */
const CONTRACT = {
  follow: 'trace',
  proof: { header: 'x-service', contains: 'orders' },
  requests: {
    look: {
      method: 'GET',
      path: '/orders?size=1',
      status: 200,
      expects: [{ pointer: '/content', is: 'list' }],
    },
  },
};

function environmentAt({ url, tokenUrl }: Pick<TestGateway, 'url' | 'tokenUrl'>): Environment {
  const { edge } = local.topology;
  const { telemetry } = local;
  if (edge === undefined || telemetry === undefined)
    throw new Error('env/local.yaml has no edge or no telemetry');
  const oauth2 = { tokenUrl, clientId: 'plumbline', clientSecret: { env: 'TEST_SECRET' }, renewSeconds: 1 };
  return {
    ...local,
    application: applicationSchema.parse({ ...CONTRACT, credentials: { oauth2 } }),
    load: { ...local.load, engine: 'embedded', steady: { ...local.load.steady, ...STEADY } },
    topology: { ...local.topology, edge: { ...edge, url, address: undefined, trust: 'system' } },
    telemetry: { ...telemetry, canary: { ...telemetry.canary, request: 'look' } },
  };
}

export interface BehindGateway {
  runner: RunnerCore;
  /** The lines of a file of the trial: observations and operations. */
  lines: (file: string) => unknown[];
  /** Its observations as invented histories have them. */
  seen: (file: string) => Seen[];
  /** Secrets that are kept out of everything that is written. */
  kept: readonly string[];
  close: () => void;
}

export function behind(gateway: Pick<TestGateway, 'url' | 'tokenUrl'>): BehindGateway {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-gateway-'));
  const environment = environmentAt(gateway);
  const ending = new AbortController();
  const { signal } = ending;
  const secret = (): Promise<string> => Promise.resolve('the-secret');
  const kept: string[] = [];
  const keep = (one: string): void => void kept.push(one);
  const application = new ApplicationAccess(environment, { secret, reread: secret, keep });
  const nothing = (): void => undefined;
  const runner = {
    parts: {
      signal,
      folder: { id: 'r' },
      safety: { stopped: signal, children: { add: nothing, remove: nothing } },
      cluster: { client: {}, list: () => Promise.resolve({ items: [] }) },
    },
    runState: {
      environment,
      histories: folder,
      trialFolder: () => folder,
      redact: (text: string) => text,
      planned: new Map(planChecks(environment).map((one) => [one.row.id, one])),
      progress: { detail: nothing },
      headerSource: () => ({ settings: {}, goals: { visibleSeconds: 30 } }),
    },
    budget: { progress: nothing, end: () => Promise.resolve() },
    application,
    stores: { keep },
  } as unknown as RunnerCore;
  const lines = (file: string): unknown[] =>
    readFileSync(join(folder, file), 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  return {
    runner,
    lines,
    kept,
    seen: (file) =>
      lines(file).flatMap((line): Seen[] => {
        if (Array.isArray(line)) return [];
        const { kind, ...fields } = line as { kind: string };
        return [[kind, fields]];
      }),
    close: () => {
      ending.abort();
      application.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
