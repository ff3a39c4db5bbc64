import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, seen, setting, text } from './findings.ts';

/** The settings on which durability rests, as each store reports them now. */
export function judgeDurability(history: History): Judgement {
  const findings = new Findings(history);
  const stores =
    (setting(history, 'stores') as
      Record<string, { durability?: Record<string, string> } | undefined> | undefined) ?? {};
  for (const [store, declared] of Object.entries(stores)) {
    for (const [name, wanted] of Object.entries(declared?.durability ?? {})) {
      const reported = seen(history, 'setting').filter(
        (one) => text(one, 'store') === store && text(one, 'name') === name,
      );
      const subject = `${name} of ${store}`;
      if (reported.length === 0) findings.unknown(subject, wanted, 'the store did not report it');
      for (const one of reported) {
        const source = text(one, 'source');
        findings.expect(
          source === '' ? subject : `${subject} (${source})`,
          text(one, 'value') === wanted,
          wanted,
          text(one, 'value'),
        );
      }
    }
  }
  return findings.conclude('every durability setting as declared, as the store itself reports it');
}
