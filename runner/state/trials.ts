import { mkdirSync } from 'node:fs';
import { anchor } from '../../host/clock.ts';
import {
  openHistory,
  openLines,
  writeHeader,
  type LineWriter,
  type NewObservation,
} from '../../probes/history.ts';
import { HISTORY_SCHEMA, type HistoryHeader } from '../../reports/record/history/history.ts';
import type { Goals } from '../../reports/record/goals.ts';
import { PRESSURE_FILE, type PressureLook } from '../../reports/record/pressure.ts';
import type { HeaderSettings } from '../../reports/record/settings.ts';
import { trialFolder } from '../record/run-folder.ts';

export interface HeaderSource {
  check: string;
  /** Left out: the trial is of no run, and none finds it to be its own. */
  run?: string;
  environment: string;
  size?: string | undefined;
  goals: Goals;
  settings: HeaderSettings;
}

/** Opens the history of one trial with its header, the only place from which judges read goals. Returns its folder. */
export async function openTrial(histories: string, trial: number, source: HeaderSource): Promise<string> {
  const folder = trialFolder(histories, source.check, trial);
  mkdirSync(folder, { recursive: true });
  const header: HistoryHeader = {
    kind: 'header',
    schema: HISTORY_SCHEMA,
    check: source.check,
    ...(source.run !== undefined && { run: source.run }),
    trial,
    environment: source.environment,
    ...(source.size !== undefined && { size: source.size }),
    goals: source.goals,
    settings: source.settings,
    anchor: anchor(),
  };
  await writeHeader(folder, header).close();
  return folder;
}

/** Measures how busy the machine or the nodes are, while followed. */
export interface Watch {
  follow(take: (look: PressureLook) => void): { close(): void | Promise<void> };
}

/**
 * Records the pressure until closed, in a file beside the observations of a trial.
 * @param before what was seen in the seconds before: of a trial that lasts for a moment, chance alone would say how busy the machine was
 */
export function recordPressure(
  folder: string,
  watch: Watch,
  before: readonly PressureLook[] = [],
): { close(): Promise<void> } {
  let writer: LineWriter | null = null;
  const open = (): LineWriter => {
    const opened = openLines(folder, PRESSURE_FILE);
    for (const look of before) opened.append({ ...look, lateMs: undefined });
    return opened;
  };
  const followed = watch.follow((look) => {
    writer ??= open();
    writer.append(look);
  });
  return {
    close: async () => {
      await followed.close();
      await writer?.close().catch(() => undefined);
    },
  };
}

/** What the runner adds to a trial after its body. */
export const RUNNER_FILE = 'runner.ndjson';

/** What the runner adds to a trial, in a file of its own: one writer a file. */
export async function appendToTrial(
  folder: string,
  observations: readonly NewObservation[],
  redact?: (text: string) => string,
): Promise<void> {
  const writer = openHistory(folder, RUNNER_FILE, { redact });
  for (const observation of observations) writer.observe(observation);
  await writer.close();
}
