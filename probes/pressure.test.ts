import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PressureLook } from '../reports/record/pressure.ts';
import { PressureWatch, processIn, stalledMs } from './pressure.ts';

describe('pressure of this machine', () => {
  it('should read what the kernel writes', () => {
    const text =
      'some avg10=1.50 avg60=0.00 avg300=0.00 total=2500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n';
    assert.equal(stalledMs(text), 2.5);
    assert.equal(stalledMs('full avg10=0.00 total=7\n'), null);
    assert.equal(stalledMs(''), null);
  });

  it('should read a process whatever its name holds', () => {
    const stat = '42 (a) R (b)) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7';
    assert.deepEqual(processIn(stat), { parent: 7, cpuMs: 1000 });
    assert.equal(processIn(''), null);
  });

  it('should look at once, and once more when it is closed, and then no more', (t) => {
    const looks: PressureLook[] = [];
    const watch = new PressureWatch('plumbline/none', (one) => looks.push(one), 3_600_000);
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
    const watch = new PressureWatch(
      'plumbline/none',
      () => {
        tried += 1;
        throw new Error('the disk is full');
      },
      3_600_000,
    );
    watch.close();
    assert.ok(tried <= 1);
  });
});
