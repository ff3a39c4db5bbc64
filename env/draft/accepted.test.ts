/**
 * Compares the draft of each cluster in `accepted/` with the one that a person accepted, and has the checks themselves hold it against that cluster, and
 * against the same one later. After an intended change `ACCEPT=1 node --test env/draft/accepted.test.ts` writes the drafts again: the difference that Git
 * shows is the review.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { judgedOver } from '../../suites/topology/_testing/observing.ts';
import type { EnvironmentFile } from '../schema.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import { ACCEPTED, ACCEPTED_FOLDER, clusterNamed } from './_testing/clusters.ts';
import { draftedOn, parsed } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { healthy } from './_testing/objects.ts';

const server = await ListingApiServer.forTests();

type Topology = EnvironmentFile['topology'];

/** What needs no more than the draft in force, and when it has something to look at. */
const CHECKS: Readonly<Record<string, (topology: Topology) => boolean>> = {
  'topology/nodes/pools': ({ pools }) => pools.length > 0,
  'topology/workloads/declared': ({ workloads }) => workloads.length > 0,
  'topology/workloads/images': ({ registry }) => registry !== undefined,
  'topology/storage/persistent': ({ storage, workloads }) =>
    storage !== undefined && workloads.some(({ store }) => store !== undefined),
};

/** Takes the first `#` away from the lines of the stores, as their reader does, and from `store:` of workloads; undefined: there are none. */
function withStores(text: string): string | undefined {
  const lines = text.split('\n');
  const from = lines.indexOf('# stores:');
  const to = lines.indexOf('', from);
  if (from === -1) return undefined;
  return lines
    .map((line, at) =>
      at >= from && at < to ? line.replace(/^# ?/, '') : line.replace(/^( +)# store:/, '$1store:'),
    )
    .join('\n');
}

function testsOf(name: string, { text, file, completed, listing }: Drafted): void {
  const folder = path.join(ACCEPTED_FOLDER, name);

  it('should be what was accepted', () => {
    const accepted = path.join(folder, 'draft.yaml');
    if (process.env['ACCEPT'] === '1') writeFileSync(accepted, text);
    assert.equal(text, readFileSync(accepted, 'utf8'), `ACCEPT=1 accepts ${name}/draft.yaml as it is now`);
  });

  it('should declare neither what is asked nor a permit, and read nothing secret', () => {
    const { stores, application, telemetry, prometheus, objectives, permits, topology } = file;
    assert.deepEqual(
      [stores, application, telemetry, prometheus, objectives, permits, topology.edge],
      [{}, undefined, undefined, undefined, [], [], undefined],
    );
    assert.doesNotMatch(JSON.stringify(listing.objects), /in-plain-text/);
  });

  it('should have the stores when somebody takes the # away before their lines', () => {
    const uncommented = withStores(text);
    assert.deepEqual(uncommented === undefined ? {} : parsed(uncommented).stores, completed.stores);
  });

  for (const objects of ['objects.yaml', 'tomorrow.yaml'].filter((one) => existsSync(path.join(folder, one))))
    for (const [check, looks] of Object.entries(CHECKS))
      if (looks(file.topology))
        it(`should pass ${check} over ${objects}`, async () => {
          const settings = { ...file.topology, stores: file.stores, writes: false };
          const given = { settings, objects: healthy(clusterNamed(name, objects)) };
          const { verdict, reason } = await judgedOver(check, given);
          assert.equal(verdict, 'pass', reason);
        });
}

for (const name of ACCEPTED) {
  const drafted = await draftedOn(server, clusterNamed(name));
  describe(`the draft of ${name}`, () => {
    testsOf(name, drafted);
  });
}
