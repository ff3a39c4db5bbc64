import { errorCode, errorText, firstWords } from '../../reports/record/error-text.ts';

/**
 * AMQP reply codes with which the server closes a channel before it has routed the message (AMQP 0-9-1, section 1.1; RabbitMQ
 * checks the exchange and the right to write to it first): the write did not happen.
 */
const DEFINITE_CODES: ReadonlyMap<number, string> = new Map([
  [403, '403 ACCESS_REFUSED: no right to write'],
  [404, '404 NOT_FOUND: the exchange does not exist'],
]);

/** The message came back: it was in no queue when it was confirmed. */
export const RETURNED = 'returned';
/** amqplib's message for basic.nack. */
const NACKED = 'message nacked';

export const DEFINITE_FAILURE_NAMES: readonly string[] = [
  'connect: any error before the message was sent',
  `${RETURNED}: routed to no queue (mandatory), so its confirm means nothing`,
  ...DEFINITE_CODES.values(),
];

/**
 * Does this error prove that the message is in no queue? A nack does not: RabbitMQ sends it when the process responsible for a queue
 * failed, and only "refuses responsibility" (its documentation, "Consumer Acknowledgements and Publisher Confirms"): the
 * message may have been stored before that. Nor does anything that ends the connection.
 */
export function isDefiniteFailure(error: unknown): boolean {
  const code = replyCodeOf(error);
  return code !== null && DEFINITE_CODES.has(code);
}

/** A short class for a history: reply code, errno, or the first words of the message. */
export function errorClass(error: unknown): string {
  const said = errorText(error);
  if (said === NACKED) return 'nack';
  const reply = replyCodeOf(error);
  return reply === null ? (errorCode(error) ?? firstWords(said)) : `${reply} ${firstWords(said)}`;
}

function replyCodeOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
}
