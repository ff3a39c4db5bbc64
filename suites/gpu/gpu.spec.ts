/** The GPU pool: devices are offered, given once, refused for the right reason, given back, and measured. */
import { check } from '../harness/check.ts';
import { exhaust, holdTogether, keepAway, landOnPool } from './giving.ts';
import { lookAtOffers } from './offers.ts';
import { release } from './release.ts';
import { seeUtilisation } from './utilisation.ts';

check('gpu/allocatable', lookAtOffers);
check('gpu/schedule', landOnPool);
check('gpu/taint', keepAway);
check('gpu/exclusive', holdTogether);
check('gpu/exhausted', exhaust);
check('gpu/release', release);
check('gpu/metrics', seeUtilisation);
