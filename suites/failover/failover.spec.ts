import { FAULTS, STORES } from '../../env/schema.ts';
import { check } from '../harness/check.ts';
import { runTrial } from './trial.ts';

// One check for every store and fault; those that the runner did not plan register nothing.
for (const store of STORES) {
  for (const fault of FAULTS) {
    check(`failover/${store}/${fault}`, (ctx) => runTrial(ctx, { store, fault }));
  }
}
