import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coherenceRules } from '../coherence.ts';
import { outcomeRules } from './outcomes.ts';
import { said, Synthetic } from '../_testing/synthetic.ts';

const after = (change: (trial: Synthetic) => unknown): string => {
  const trial = new Synthetic();
  change(trial);
  return said({ rules: outcomeRules(trial.history()) });
};

describe('outcomes of a client', () => {
  it('should believe none that does not say why', () => {
    assert.equal(
      after(() => null),
      '',
    );
    assert.match(
      after((trial) => (trial.write(10).outcome = 'fail')),
      /write 10 has the outcome fail, which does not fit its detail ""/,
    );
    assert.match(
      after((trial) => (trial.write(10).outcome = 'unknown')),
      /write 10 has the outcome unknown/,
    );
    assert.match(
      after((trial) => (trial.write(10).outcome = 'unsent')),
      /write 10 has the outcome unsent/,
    );
    const failed = (change: object) => after((trial) => Object.assign(trial.write(1100), change));
    assert.match(failed({ outcome: 'unknown' }), /write 1100 has the outcome unknown/);
    assert.match(failed({ outcome: 'ok' }), /write 1100 has the outcome ok/);
    assert.match(
      failed({ detail: 'ECONNRESET' }),
      /write 1100 has the outcome fail, which does not fit its detail "ECONNRESET"/,
    );
    assert.equal(failed({ detail: '25006 cannot execute INSERT' }), '');
    assert.equal(failed({ outcome: 'unknown', detail: 'ECONNRESET;opened=0.1' }), '');
    // A server that is about to go may answer with a status and nothing else.
    assert.equal(failed({ outcome: 'unknown', detail: '503' }), '');
    assert.match(
      failed({ outcome: 'unknown', detail: '25006 read-only' }),
      /write 1100 has the outcome unknown/,
    );
  });

  it('should believe no read whose answer does not fit its outcome', () => {
    const read = (change: object) => after((trial) => Object.assign(trial.reads[5] ?? {}, change));
    for (const outcome of ['fail', 'unknown', 'unsent'])
      assert.match(read({ outcome }), new RegExp(`read 6 has the outcome ${outcome}`));
    assert.equal(read({ outcome: 'unknown', detail: 'deadline' }), '');
    // What proves that nothing was written proves nothing of a read that was sent.
    assert.match(read({ outcome: 'fail', detail: '25006 read-only' }), /read 6 has the outcome fail/);
    assert.equal(read({ outcome: 'fail', detail: 'connect: ECONNREFUSED' }), '');
  });

  it('should miss a wait that is not noted', () => {
    const waited = (detail?: string) =>
      after((trial) => {
        const write = trial.write(10);
        Object.assign(write, { sent: write.sent + 20, done: write.done + 20, detail });
      });
    assert.match(waited(), /write 11 left the client's queue before one that was due sooner/);
    assert.equal(waited('waited=20.0'), '');
  });

  it('should miss a wait among those that waited in vain', () => {
    const vain = (change: object) =>
      after((trial) => {
        // Each waited for 500 ms.
        for (let n = 10; n < 200; n++)
          Object.assign(trial.write(n), {
            outcome: 'unsent',
            sent: trial.write(n).intended + 500.2,
            done: trial.write(n).intended + 500.2,
          });
        Object.assign(trial.write(50), change);
      });
    assert.equal(vain({}), '');
    assert.match(vain({ outcome: 'ok' }), /write 51 left the client's queue before one that was due sooner/);
    assert.equal(vain({ outcome: 'ok', detail: 'waited=500.0' }), '');
  });

  it('should take every alternative of a proof', () => {
    const proof = (detail: string, outcome: string) =>
      after((trial) => {
        for (const seen of trial.observations)
          if (seen.kind === 'client-load-start')
            Object.assign(seen, {
              definiteFailures: [
                'connect: any',
                '400 a_exception|b_exception: refused',
                'status 4xx: refused',
              ],
            });
        Object.assign(trial.write(1100), { outcome, detail });
      });
    assert.equal(proof('400 b_exception', 'fail'), '');
    assert.match(proof('400 b_exception', 'unknown'), /has the outcome unknown/);
    assert.equal(proof('400 c_exception', 'unknown'), '');
    assert.equal(proof('status 404', 'fail'), '');
    assert.match(proof('status 404', 'unknown'), /has the outcome unknown/);
    assert.equal(proof('status 503', 'unknown'), '');
    assert.match(proof('status 503', 'fail'), /has the outcome fail/);
  });
});

it('should know a client at another address, or of another patience, than can be', () => {
  const asked = (more: object): string => {
    const trial = new Synthetic();
    const stores = { postgres: { members: 3, primary: { host: '198.18.128.32', port: 5432 } } };
    trial.outline.settings = { ...trial.outline.settings, stores };
    for (const seen of trial.observations)
      if (seen.kind === 'client-load-start') Object.assign(seen.settings as object, more);
    return said({ rules: coherenceRules(trial.history()).filter(({ id }) => id === 'coherence/client') });
  };
  assert.equal(asked({}), '');
  assert.match(asked({ port: 54_320 }), /the client connected to 198.18.128.32:54320/);
  assert.match(asked({ connections: 120 }), /120 connections, expected 1 to its maximum of 16/);
  assert.match(asked({ waitTimeoutMs: 5000 }), /5000 ms to wait for a connection/);
});
