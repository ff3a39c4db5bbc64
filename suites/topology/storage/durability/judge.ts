import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { storesOf } from '../../../../reports/judge/topology/declared.ts';
import type { HeaderStore } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { allowedValues } from '../../../../reports/record/settings.ts';
import { hiddenText, overrideReason, overrideText } from '../../../../reports/record/setting-overrides.ts';
import { storeFacts } from '../../../../reports/record/facts/store-facts.ts';

export const judge: CheckJudge = { judge: judgeDurability };

/** The settings on which durability rests, as every server of each store reports them now. */
function judgeDurability(history: History): Judgement {
  const findings = new Findings(history);
  for (const [store, declared] of storesOf(history.header.settings)) {
    findings.rule(store);
    for (const [name, value] of Object.entries(declared.durability ?? {}))
      judgeSetting(history, findings, {
        store,
        name,
        values: allowedValues(value),
        members: declared.members,
        letOff: declared.durabilityOverrides,
      });
  }
  return findings.conclude('every durability setting as declared, on every server');
}

type LetOff = HeaderStore['durabilityOverrides'];

function judgeSetting(
  history: History,
  findings: Findings,
  {
    store,
    name,
    values,
    members,
    letOff,
  }: {
    store: string;
    name: string;
    values: readonly string[];
    members: number;
    letOff: LetOff;
  },
): void {
  const value = values.join(' or ');
  const subject = `${name} of ${store}`;
  const named = all(history, 'setting').filter((one) => one.store === store && one.name === name);
  const reported = named.filter(({ override }) => override === undefined);
  judgeOverrides(findings, named, { subject, values, letOff });
  if (reported.length === 0) findings.unknown(subject, value, 'the store did not report it');
  for (const one of reported) {
    const of = one.source === '' ? subject : `${subject} (${one.source})`;
    if (one.hiddenBy === undefined) findings.expect(of, values.includes(one.value), value, one.value);
    else findings.unknown(of, value, hiddenText(one.hiddenBy, one.value));
  }
  if (storeFacts(store).durabilityOfCluster === true) return;
  const servers = reported.map(({ member }) => member ?? 'the cluster');
  if (reported.length > 0 && new Set(servers).size < members)
    findings.unknown(subject, `${value} on ${members} servers`, `read on ${servers.join(', ')} only`);
}

/** Whoever has another value than the server has one that is declared as well, or is let off; on each server that says so. */
function judgeOverrides(
  findings: Findings,
  named: readonly Seen<'setting'>[],
  { subject, values, letOff }: { subject: string; values: readonly string[]; letOff: LetOff },
): void {
  const notes = new Set<string>();
  for (const { override, value, source } of named) {
    if (override === undefined) continue;
    const reason = overrideReason(override, letOff);
    const isDeclared = values.includes(value);
    if (reason === null) findings.expect(`${subject} (${source})`, isDeclared, values.join(' or '), value);
    else if (!isDeclared) notes.add(`${subject}, ${overrideText(override)}: ${value} (${reason})`);
  }
  for (const note of notes) findings.note(note);
}
