import type { Random } from './random.ts';

/** What a query's select list may hold, over the columns of one source. */
export interface Parts {
  readonly scalars: readonly string[];
  readonly conditions: readonly string[];
  readonly aggregates: readonly string[];
}

const by = ['S', 'I', 'B', 'D', 'DAY', 'PRICE', 'Y', 'TS', 'L'];

/** A persistent query named O of the operators that come with a clause of their own. */
export function randomOperator({ scalars, conditions, aggregates }: Parts, random: Random): string {
  const [one, other] = [random.pick(scalars), random.pick(scalars)];
  const where = random.below(2) === 0 ? '' : `WHERE ${random.pick(conditions)}`;
  const final = random.pick(['', 'EMIT FINAL']);
  switch (random.below(8)) {
    case 0: {
      const key = random.pick(by);
      return `CREATE STREAM O AS SELECT ${key}, ${one} AS O0 FROM S ${where} PARTITION BY ${key};`;
    }
    case 1: {
      const list = random.pick(['EXPLODE(A)', 'EXPLODE(P->TAGS)', 'CUBE_EXPLODE(ARRAY[I, NULL])', 'EXPLODE(Q)']);
      return `CREATE STREAM O AS SELECT K, ${list} AS O0, ${one} AS O1 FROM S ${where};`;
    }
    case 2: {
      const order = `${random.pick(by)}${random.pick([' DESC', '', ' NULLS FIRST'])}`;
      const over = `OVER (PARTITION BY K ORDER BY ${order})`;
      return `CREATE TABLE O WITH (KEY_FORMAT='JSON') AS SELECT K, ROW_NUMBER() ${over} AS PLACE, RANK() ${over} AS O0, ${one} AS O1 FROM S ${where} QUALIFY PLACE <= ${random.pick([1, 3])};`;
    }
    case 3:
      return `CREATE STREAM O AS SELECT K, ${one} AS O0 FROM S ${where} QUALIFY ROW_NUMBER() OVER (PARTITION BY ${random.pick(by)} ORDER BY ROWTIME) = 1;`;
    case 4: {
      const time = random.pick(['S.ROWTIME', 'S.ROWTIME', 'S.L', 'S.TS']);
      return `CREATE STREAM O AS SELECT S.K, S.I AS O0, T.D AS O1, T.PRICE AS O2 FROM S ${random.pick(['', 'LEFT '])}JOIN T FOR SYSTEM_TIME AS OF ${time} AS T ON S.K = T.K;`;
    }
    case 5: {
      const frame = random.pick(['ROWS 3 PRECEDING', 'RANGE 10 SECONDS PRECEDING', '']);
      return `CREATE STREAM O AS SELECT K, ${random.pick(aggregates)} OVER w AS O0, LAG(${random.pick(by)}) OVER w AS O1 FROM S ${where} WINDOW w AS (PARTITION BY K ORDER BY ROWTIME ${frame} GRACE PERIOD 10 SECONDS) EMIT FINAL;`;
    }
    case 6: {
      const within = random.pick(['', "WITHIN INTERVAL '10' SECONDS"]);
      const pattern = random.pick(['(LOW+ HIGH)', '(LOW HIGH?)', '(LOW{1,3} ANY_ROW)']);
      return `CREATE STREAM O AS SELECT * FROM S MATCH_RECOGNIZE (PARTITION BY K ORDER BY ROWTIME MEASURES LAST(LOW.L) AS O0, COUNT(*) AS O1, LAST(S) AS O2 PATTERN ${pattern} ${within} DEFINE LOW AS D < 5 OR D IS NULL, HIGH AS D >= 5) ${final};`;
    }
    default:
      return `CREATE STREAM O AS SELECT K, ${one} AS O0 FROM S ${where} UNION ALL SELECT K, ${random.pick([one, other])} AS O0 FROM R;`;
  }
}
