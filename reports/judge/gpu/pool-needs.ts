import type { AnyNeed } from '../evidence/need.ts';

export const onlyWhere = (condition: boolean, ...needs: AnyNeed[]): AnyNeed[] => (condition ? needs : []);
