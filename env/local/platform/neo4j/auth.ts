import { createHash } from 'node:crypto';

const ITERATIONS = 1024;

/**
 * A line of the file that `neo4j-admin dbms set-initial-password` writes: salted SHA-256, iterated. The password itself never
 * reaches the server's pod. Its salt follows from it, so that the same password always gives the same line; with 192 random
 * bits in the password nobody can prepare a table.
 */
export function authLine(user: string, password: string): string {
  const salt = createHash('sha256').update(`salt of ${password}`).digest();
  let hash = createHash('sha256').update(salt).update(password).digest();
  for (let i = 1; i < ITERATIONS; i++) hash = createHash('sha256').update(hash).digest();
  return `${user}:SHA-256,${hash.toString('hex')},${salt.toString('hex')},${String(ITERATIONS)}:\n`;
}
