import type { FailoverRecord, RequestSums, WriteSums } from '../../record/run-record.ts';
import { failedIn, grouped, secondsOf } from '../text.ts';
import { table } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** Lost or duplicated numbers listed by name; the rest is in run.json. */
const LISTED_NUMBERS = 40;

interface Equation {
  name: string;
  total: number;
  parts: [string, number][];
}

/** The outcome of everything that was sent: sums of writes, counts of requests, or why there are none. */
export function sumsOf(trial: FailoverRecord): Html {
  if (trial.writes !== null) return writeSums(trial.writes, trial);
  if (trial.requests !== undefined) return requestSums(trial.requests);
  return trial.store === 'control-plane'
    ? html`<p class="note">
        All writes go to one object, which keeps only the last one, so there are no sums. The findings say
        whether the last acknowledged write is there.
      </p>`
    : html`<p class="note">
        The writes of this trial could not be read back: whether any were lost is unknown.
      </p>`;
}

/** The sums of writes, each with whether it adds up. */
function writeSums(writes: WriteSums, trial: FailoverRecord): Html {
  const equations: Equation[] = [
    {
      name: 'scheduled',
      total: writes.scheduled,
      parts: [
        ['ok', writes.ok],
        ['fail', writes.fail],
        ['unknown', writes.unknown],
        ['unsent', writes.unsent],
      ],
    },
    {
      name: 'ok',
      total: writes.ok,
      parts: [
        ['present', writes.present],
        ['lost', writes.lost],
      ],
    },
    {
      name: 'unknown',
      total: writes.unknown,
      parts: [
        ['recovered', writes.recovered],
        ['absent', writes.absent],
      ],
    },
    {
      name: 'fail',
      total: writes.fail,
      parts: [
        ['absent', writes.failAbsent],
        ['unexpected', writes.unexpected],
      ],
    },
  ];
  return html`<div>
    <h5>What became of every write</h5>
    <div class="scroll" tabindex="0" role="region" aria-label="Sums of writes">
      <table class="sums">
        <caption class="sr">
          Sums of writes
        </caption>
        <tbody>
          ${equations.map(equationRow)}
          <tr>
            <th scope="row" class="n"><b>${grouped(writes.duplicates)}</b> duplicated</th>
            <td colspan="2">not part of the sums</td>
          </tr>
        </tbody>
      </table>
    </div>
    ${
      writes.unsent > 0 &&
      html`<p class="note">
        Unsent: due, but every connection of the client was still busy with an earlier operation, or being
        opened, for too long (waitTimeoutMs of the client), so the store was never asked. Normal while a store
        does not answer; nothing is lost by it.
      </p>`
    }
    ${numbers('Lost', trial.lostNumbers, writes.lost)}${numbers('Duplicated', trial.duplicateNumbers, writes.duplicates)}${trial.lossWindowMs !== null && writes.lost > 0 && html`<p class="note">Loss window, from the first to the last lost acknowledgement: ${secondsOf(trial.lossWindowMs)}.</p>`}
  </div>`;
}

function equationRow(equation: Equation): Html {
  const right = equation.parts.reduce((sum, part) => sum + part[1], 0);
  const terms = equation.parts.map(
    ([name, value], index) =>
      html`${index > 0 && html`<i>+</i> `}<span class="${isAlarm(name, value) ? 'term alarm' : 'term'}"
          ><b>${grouped(value)}</b> ${name}</span
        > `,
  );
  const holds = right === equation.total;
  return html`<tr>
    <th scope="row" class="n"><b>${grouped(equation.total)}</b> ${equation.name}</th>
    <td><i>=</i> ${terms}</td>
    <td class="${holds ? 'holds' : 'holds alarm'}">
      ${holds ? 'adds up' : `differs by ${grouped(equation.total - right)}`}
    </td>
  </tr>`;
}

const isAlarm = (name: string, value: number): boolean =>
  value > 0 && (name === 'lost' || name === 'unexpected');

function numbers(title: string, list: readonly number[], total: number): Html | null {
  if (list.length === 0) return null;
  const shown = list.slice(0, LISTED_NUMBERS).join(', ');
  const more = Math.max(total, list.length) - Math.min(list.length, LISTED_NUMBERS);
  return html`<p class="note">${title}: numbers ${shown}${more > 0 && ` and ${more} more`}.</p>`;
}

const REFUSED = 'answered with 401, 403, 429 or a login: the service did not fail';

function requestSums(requests: RequestSums): Html {
  const allowed =
    requests.allowanceMs > 0 &&
    html`<p class="note">
      Failures in the first ${secondsOf(requests.allowanceMs)} after the fault are not judged: the platform
      may take that long to detect it.
    </p>`;
  const { refused = 0 } = requests;
  const rows = [
    ['judged', requests.judged, `of ${secondsOf(requests.windowMs)} after the fault`],
    ['good answers', requests.ok, ''],
    ['failed', requests.failed - refused, 'no connection, or answered with an error'],
    ...(refused > 0 ? [['refused', refused, REFUSED] as const] : []),
    ['without an answer', requests.unanswered, ''],
    ['not sent', requests.unsent, 'every connection was waiting for an answer'],
  ] as const;
  return html`<div>
    <h5>What became of every request</h5>
    ${table(
      'Requests',
      [{ title: 'Requests', numeric: true }, { title: '' }, { title: '' }],
      rows.map(([name, count, note]) => [html`<b>${grouped(count)}</b>`, name, note]),
    )}${allowed}
    <p class="note">${failureText(requests)}</p>
    ${
      requests.errors.length > 0 &&
      table(
        'Errors in the whole window',
        [{ title: 'Count', numeric: true }, { title: 'Error' }],
        requests.errors.map(({ error, count }) => [grouped(count), html`<code>${error}</code>`]),
      )
    }
  </div>`;
}

function failureText(requests: RequestSums): string {
  const bad = failedIn(requests);
  const last =
    requests.lastFailureMs === null
      ? ''
      : `; the last failure ended ${secondsOf(requests.lastFailureMs)} after the fault`;
  if (bad > 0)
    return `Requests failed in ${requests.secondsWithFailures} of ${requests.seconds} seconds${last}.`;
  return last === '' ? 'No request failed.' : `No judged request failed${last}.`;
}
