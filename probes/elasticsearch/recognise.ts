import { guess } from '../drafting.ts';
import type { DraftMap } from '../drafting.ts';
import { commonSection, imageName } from '../store/recognising.ts';
import type { SeenStore, StoreRecognition } from '../store/recognising.ts';

/** ECK, which speaks HTTPS unless told otherwise (its documentation, "TLS certificates"). */
const ECK = 'elasticsearch.k8s.elastic.co/cluster-name';
/** The OpenSearch operator. */
const OPENSEARCH = 'opster.io/opensearch-cluster';

function section(seen: SeenStore, recognition: StoreRecognition): DraftMap {
  const [set] = seen.sets;
  const members = seen.sets.reduce((sum, { replicas }) => sum + replicas, 0);
  const eck = set.labels[ECK];
  const opensearch = set.containers.some(({ image }) => imageName(image) === 'opensearch');
  return {
    ...(opensearch && { product: 'opensearch' }),
    ...commonSection(seen, {
      recognition,
      ...(eck !== undefined && { tls: `ca.crt of the Secret ${eck}-es-http-certs-public` }),
    }),
    user: 'plumbline',
    index: {
      replicas: guess(
        Math.max(0, Math.min(1, members - 1)),
        "as the platform's own indices keep: GET _cat/indices",
      ),
    },
  };
}

export const recognition: StoreRecognition = {
  name: 'elasticsearch',
  image: /^(elasticsearch(-(oss|wolfi))?|opensearch)$/,
  port: 9200,
  together: [ECK, OPENSEARCH],
  section,
};
