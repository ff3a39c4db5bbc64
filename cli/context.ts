import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

/** What a command may use of the process, so that tests can give it something else. */
export interface Context {
  out(text: string): void;
  err(text: string): void;
  /** Sets the exit code of the process. */
  exit(code: number): void;
  /** Root of the checkout. */
  checkoutDir: string;
}

export type Register = (program: Command, context: Context) => void;

/** Parser of an option that must be a whole number from 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('it must be a whole number, 1 or more.');
}

/** Parser of an option that may be given several times. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** Parser of a list separated by commas. */
export function commaList(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === ''))
    throw new InvalidArgumentError('it must be names separated by commas.');
  return parts;
}
