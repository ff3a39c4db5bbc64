import { todo } from '../drafting.ts';
import type { DraftMap } from '../drafting.ts';
import { commonSection } from '../store/recognising.ts';
import type { SeenStore, StoreRecognition } from '../store/recognising.ts';

function section(seen: SeenStore, recognition: StoreRecognition): DraftMap {
  const members = seen.sets.reduce((sum, { replicas }) => sum + replicas, 0);
  const enterprise =
    members > 1 ||
    seen.sets.some(({ containers }) => containers.some(({ image }) => /enterprise/.test(image)));
  return {
    ...commonSection(seen, { recognition }),
    user: 'plumbline',
    ...(enterprise && {
      enterprise: {
        primaries: todo(
          Math.max(1, Math.min(3, members)),
          'as in CREATE DATABASE … TOPOLOGY: SHOW DATABASES',
        ),
      },
      scheme: 'neo4j', // writes are routed to the leader
    }),
  };
}

export const recognition: StoreRecognition = {
  name: 'neo4j',
  image: /^neo4j(-enterprise)?$/,
  port: 7687,
  // The label of a cluster over the releases of the chart, one a server.
  together: ['helm.neo4j.com/neo4j.name'],
  section,
};
