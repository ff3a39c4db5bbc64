/** What a history of a store holds, as its declaration says it to who judges. */
export type { SettingKinds, StoreFacts } from '../../reports/record/store-facts.ts';

export const COUNT = /^\d+$/;
export const SWITCH = /^(?:true|false)$/;
/** 0 and -1 need no unit. */
export const TIME = /^(?:-1|0|(?:\d+(?:nanos|micros|ms|s|m|h|d))+)$/;
export const ANY = /^/;
