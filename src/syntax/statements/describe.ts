import { versionText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface Describe extends StatementBase {
  readonly kind: 'describe';
  readonly what:
    | 'source'
    | 'FUNCTION'
    | 'MODEL'
    | 'FEATURE VIEW'
    | 'FEATURE SERVICE'
    | 'MONITOR'
    | 'TRAINING SET'
    | 'STREAMS'
    | 'TABLES';
  /** Undefined for STREAMS and TABLES. */
  readonly name: Name | undefined;
  readonly version: string | undefined;
  readonly extended: boolean;
}

export const describe: StatementShape<Describe> = {
  rule: 'describe',
  build: (cst) => {
    const name = cst.has('name') ? cst.name() : undefined;
    // As in ksqlDB, the unquoted name TABLES means all tables.
    const word = (['FUNCTION', 'MODEL', 'MONITOR', 'STREAMS'] as const).find((each) => cst.has(each));
    const what =
      word ??
      (cst.has('TRAINING')
        ? 'TRAINING SET'
        : cst.has('FEATURE')
          ? cst.has('SERVICE')
            ? 'FEATURE SERVICE'
            : 'FEATURE VIEW'
          : undefined);
    const tables = name?.text === 'TABLES' && what === undefined;
    const version = cst.maybe('version');
    return {
      kind: 'describe',
      what: what ?? (tables ? 'TABLES' : 'source'),
      name: tables ? undefined : name,
      version: version && versionText(version),
      extended: cst.has('EXTENDED'),
      span: cst.span,
    };
  },
  print: (s) => {
    const word = s.what === 'source' ? '' : ` ${s.what}`;
    const name = s.name === undefined ? '' : ` ${printName(s.name.text)}`;
    return `DESCRIBE${word}${name}${s.version === undefined ? '' : ` VERSION ${s.version}`}${s.extended ? ' EXTENDED' : ''};`;
  },
};
