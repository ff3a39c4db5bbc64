import { readFileSync } from 'node:fs';
import type { Handover } from './protocol.ts';

/** Playwright's error when it is started without the runner. */
export const REFUSAL =
  'These suites run against a live environment and are started by Plumbline only: use `npx plumbline run --env NAME` ' +
  '(PLUMBLINE_HANDOVER is not set). See `npx plumbline run --help`.';

/**
 * Reads what the runner handed over.
 * @throws Error with `REFUSAL` when PLUMBLINE_HANDOVER is not set, or when the file it names is not a handover.
 */
export function readHandover(env: NodeJS.ProcessEnv = process.env): Handover {
  const file = env['PLUMBLINE_HANDOVER'];
  if (!file) throw new Error(REFUSAL);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`PLUMBLINE_HANDOVER names ${file}, which cannot be read as a handover. ${REFUSAL}`, {
      cause,
    });
  }
  if (!isHandover(parsed)) {
    throw new Error(
      `PLUMBLINE_HANDOVER names ${file}, which is not a handover (socket and plan expected). ${REFUSAL}`,
    );
  }
  return parsed;
}

function isHandover(value: unknown): value is Handover {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'socket' in value && typeof value.socket === 'string' && 'plan' in value && Array.isArray(value.plan)
  );
}
