/** What `doctor` found, for people and for machines. */
import { printed } from '../../reports/render/printed.ts';
import { oneLine, printable } from '../../reports/render/text.ts';
import { STATES } from './item.ts';
import type { Item, State } from './item.ts';

export interface Finding extends Item {
  /** Name of its kind. */
  kind: string;
}

export interface Diagnosis {
  environment: string;
  profile: string | null;
  /** Of a run that only reads. */
  readOnly: boolean;
  /** What to do first comes first. */
  items: readonly Finding[];
  counts: Readonly<Record<State, number>>;
  /** The next command. */
  next: string;
  /** The command that has the checks say what they lack, and changes nothing. */
  looking: string;
  /** Why no check runs in this environment, whatever is there; left out: checks run. */
  notBuilt?: string;
}

/** @param envOption what to type for the environment */
export function diagnosisOf(
  {
    envOption,
    ...of
  }: Pick<Diagnosis, 'environment' | 'profile' | 'readOnly' | 'notBuilt'> & { envOption: string },
  found: readonly Finding[],
): Diagnosis {
  const counts = { missing: 0, unknown: 0, optional: 0, 'not needed': 0, ok: 0 };
  for (const { state } of found) counts[state]++;
  // Within a state the order of the kinds stays: what others rest on comes first.
  const items = STATES.flatMap((state) => found.filter((one) => one.state === state));
  const { profile, readOnly } = of;
  const selection = `--env ${envOption}${profile === null ? '' : ` --profile ${profile}`}${readOnly ? ' --read-only' : ''}`;
  const looking = `npx plumbline run ${selection}${readOnly ? '' : ' --read-only'}`;
  if (of.notBuilt !== undefined)
    return { ...of, items, counts, next: `npx plumbline list --env ${envOption}`, looking };
  const command = counts.missing > 0 ? 'doctor' : 'run';
  return { ...of, items, counts, next: `npx plumbline ${command} ${selection}`, looking };
}

const HEADS = {
  missing: 'MISSING',
  unknown: 'UNKNOWN: it could not be tested',
  optional: 'OPTIONAL: this run can do without it',
} as const;

export function diagnosisText(diagnosis: Diagnosis): string {
  const { environment, profile, readOnly, items, counts, next, looking, notBuilt } = diagnosis;
  if (notBuilt !== undefined)
    return printed(
      `${environment}: ${notBuilt}: none runs here in this version of Plumbline, and nothing is missing.\nNext: ${next}`,
    );
  const what = profile === null ? 'all its checks' : `its profile ${profile}`;
  const notices = items.filter(({ notice }) => notice === true);
  const lines = [
    `${environment}: what a ${readOnly ? 'read-only ' : ''}run of ${what} needs. Nothing is changed.`,
    ...(['missing', 'unknown', 'optional'] as const).flatMap((state) =>
      block(HEADS[state], ofState(items, state)),
    ),
    ...block('NOTE', notices),
    ...linesByKind('not needed', ofState(items, 'not needed')),
    ...linesByKind('ok', ofState(items, 'ok')),
    '',
    `${counts.missing} missing, ${counts.unknown} unknown, ${counts.optional > 0 ? `${counts.optional} optional, ` : ''}${counts['not needed']} not needed, ${counts.ok} ok.`,
    counts.missing > 0 ? `Add what is missing, from the top; then: ${next}` : `Next: ${next}`,
    ...(readOnly ? [] : [`What single checks would lack: ${looking}`]),
  ];
  return printed(lines.join('\n'));
}

function ofState(items: readonly Finding[], state: State): Finding[] {
  return items.filter((one) => one.state === state);
}

function block(head: string, items: readonly Finding[]): string[] {
  if (items.length === 0) return [];
  return ['', head, ...items.flatMap(linesOf)];
}

function linesOf({ kind, what, detail, add }: Finding): string[] {
  const more =
    add === undefined
      ? []
      : printable(add)
          .split('\n')
          .map((line, at) => `${at === 0 ? '    add: ' : '         '}${line}`);
  return [`  ${kind}: ${oneLine(what)}`, `    ${oneLine(detail)}`, ...more];
}

/** What nobody has to do anything about takes a line a kind. */
function linesByKind(head: string, items: readonly Finding[]): string[] {
  if (items.length === 0) return [];
  const kinds = Map.groupBy(items, ({ kind }) => kind);
  const said = [...kinds].map(([kind, of]) => `${kind} ${of.length}`).join(', ');
  return ['', `${head}: ${said} (\`--json\` lists them)`];
}

/** Whole and stable, for machines. */
export function diagnosisJson(diagnosis: Diagnosis): string {
  return JSON.stringify(diagnosis, null, 2);
}
