/** Whether a test that adds one would notice that something of it is kept by hand somewhere, instead of being read from it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Copy } from './copy.ts';

/** What would be if a table were kept by hand: the same that is known today, and not what a new folder or file says. */
export type ByHand = readonly [what: string, file: string, from: string, to: string];

/**
 * @param of `follow` adds one to a copy; `loads` imports what still must load, since a copy that is no program would prove nothing;
 *   `derived` prints what the copy makes of it, and `expected` is that
 */
export function noticesTablesByHand(
  title: string,
  of: {
    follow: (copy: Copy) => unknown;
    tables: readonly ByHand[];
    loads: string;
    derived: string;
    expected: unknown;
  },
): void {
  const { follow, tables, loads, derived, expected } = of;
  void describe(title, () => {
    const copy = new Copy();
    before(() => void follow(copy));
    after(() => copy.remove());

    for (const [what, file, from, to] of tables)
      void it(`should be noticed: ${what}`, () => {
        const text = copy.read(file);
        copy.change(file, from, to);
        try {
          const { loaded, answer } = copy.askOnceLoaded(loads, derived);
          assert.ok(loaded, answer);
          assert.notEqual(answer, JSON.stringify(expected));
        } finally {
          copy.write(file, text);
        }
      });

    void it('should be what fails, and not the copy', () => {
      const { loaded, answer } = copy.askOnceLoaded(loads, derived);
      assert.ok(loaded, answer);
      assert.equal(answer, JSON.stringify(expected));
    });
  });
}
