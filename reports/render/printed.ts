import { printable } from './text.ts';

/**
 * Beginnings of what CI servers take for a command in the output of a job: `##vso[` (Azure Pipelines) and `##[` (Azure Pipelines, GitHub
 * Actions) anywhere in a line, `##teamcity[` (TeamCity).
 */
const IN_A_LINE = /##(?=\w*\[)/g;
/** `::` of GitHub Actions: only at the beginning of a line, blanks aside. */
const AT_THE_BEGINNING = /^([^\S\n]*):(?=:)/gm;

/**
 * Text for the output of a command: as `printable`, and no part of it is a command to a CI server. Names and answers of others are in it, such as
 * titles of dashboards and messages of events. A blank comes in between: these servers compare by the rules of a language, by which characters
 * without width do not count. Records and files of reports keep the text as it is.
 */
export function printed(text: string): string {
  return printable(text).replace(IN_A_LINE, '# #').replace(AT_THE_BEGINNING, '$1: ');
}
