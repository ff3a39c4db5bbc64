import { z } from 'zod';
import { hostPort, plainUrl, secretSource, trust } from '../declaring.ts';

/** How any source of telemetry is reached. */
export const reached = {
  url: plainUrl.describe('Base of its HTTP API'),
  address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
  trust: trust.optional(),
  user: z.string().min(1).optional(),
  password: secretSource.optional(),
  token: secretSource.optional().describe('A bearer token, instead of user and password'),
};
