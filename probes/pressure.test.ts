import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PressureLook } from '../reports/record/pressure.ts';
import { PressureWatch, ownOf, stalledMs } from './pressure.ts';

describe('pressure of this machine', () => {
  it('should read what the kernel writes', () => {
    const text =
      'some avg10=1.50 avg60=0.00 avg300=0.00 total=2500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n';
    assert.equal(stalledMs(text), 2.5);
    assert.equal(stalledMs('full avg10=0.00 total=7\n'), null);
    assert.equal(stalledMs(''), null);
    assert.deepEqual(ownOf('7000000 3000000 3\n'), { ranMs: 7, waitedMs: 3 });
    assert.equal(ownOf(''), null);
  });

  it('should look at once, and once more when it is closed, and then no more', (t) => {
    const looks: PressureLook[] = [];
    const watch = new PressureWatch((one) => looks.push(one), 3_600_000);
    if (looks.length === 0) {
      t.skip('this kernel has no PSI');
      return;
    }
    watch.close();
    watch.close();
    assert.equal(looks.length, 2);
    assert.ok((looks[1]?.t ?? 0) >= (looks[0]?.t ?? Infinity));
  });

  it('should end, and no more, where a look cannot be kept', () => {
    let tried = 0;
    const watch = new PressureWatch(() => {
      tried += 1;
      throw new Error('the disk is full');
    }, 3_600_000);
    watch.close();
    assert.ok(tried <= 1);
  });
});
