/** A source's name as a part of a query's id, which topics and groups are named after: versions of views have an `@`. */
export const inId = (name: string): string => name.replace('@', '_');
