import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';

export const onlyWhere = (condition: boolean, ...needs: AnyNeed[]): AnyNeed[] => (condition ? needs : []);
