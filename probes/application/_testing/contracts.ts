/** Contracts for tests. */
import type { ApplicationTarget } from '../asking.ts';
import type { Contract, ContractRequest } from '../contract.ts';

/** A service that repeats `x-mark`. */
export const ECHO: Contract = { follow: { echo: 'x-mark' }, proof: 'echo' };

export const LOOK = {
  method: 'GET',
  path: '/tenders?limit=1',
  status: [200],
  expects: [],
} satisfies ContractRequest;

export const CREATE = {
  method: 'POST',
  path: '/tenders',
  body: { title: '{title}' },
  status: [201],
  expects: [],
  id: { pointer: '/id' },
} satisfies ContractRequest;

export const READ = {
  method: 'GET',
  path: '/tenders/{id}',
  status: [200],
  expects: [],
  missing: [404],
  state: {
    pointer: '/status',
    done: ['done'],
    degraded: ['degraded'],
    failed: ['failed'],
    open: ['accepted'],
  },
} satisfies ContractRequest;

/** A target on this machine. */
export function targetAt(port: number, base = 'http://tender.test'): ApplicationTarget {
  return {
    url: new URL(base),
    endpoint: { host: '127.0.0.1', port, tls: null },
    contract: ECHO,
    prefix: 'Canary ',
  };
}
