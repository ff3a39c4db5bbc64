/**
 * Fields on whose value no verdict rests, with the reason: they explain, or name what other fields decide. `kind` for a whole kind,
 * `kind.field`, `kind.list[].field`, `kind[]` for single lines of one that follows changes; operations are `write.field` and `read.field`, what
 * they say `write.detail.OUTCOME`.
 */
export type Annotations = Readonly<Record<string, string>>;
