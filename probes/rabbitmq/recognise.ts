import { beside } from '../drafting.ts';
import type { DraftMap } from '../drafting.ts';
import { commonSection, portsOf, servicePort, servicesOf } from '../store/recognising.ts';
import type { SeenStore, StoreRecognition } from '../store/recognising.ts';

/** AMQP and the management API, each with TLS and without (RabbitMQ documentation, "Networking and RabbitMQ"). */
const TLS = { amqp: 5671, management: 15_671 };
const PLAIN = { amqp: 5672, management: 15_672 };

function section(seen: SeenStore, recognition: StoreRecognition): DraftMap {
  const { primary } = servicesOf(seen, [TLS.amqp]);
  const encrypted =
    (primary !== undefined && servicePort(primary, [TLS.amqp]) !== undefined) ||
    seen.sets.some(({ containers }) =>
      containers.flatMap(portsOf).some(({ containerPort }) => containerPort === TLS.amqp),
    );
  const ports = encrypted ? TLS : PLAIN;
  return {
    ...commonSection(seen, {
      recognition,
      ports: encrypted ? [TLS.amqp, PLAIN.amqp] : [PLAIN.amqp],
      ...(encrypted && { tls: `it listens on port ${TLS.amqp}` }),
    }),
    user: beside('plumbline', 'with the tag monitoring'),
    vhost: beside('plumbline', "the canary's own, never the platform's"),
    management: { port: ports.management },
  };
}

export const recognition: StoreRecognition = {
  name: 'rabbitmq',
  image: /^rabbitmq(-(server|management))?$/,
  port: PLAIN.amqp,
  section,
};
