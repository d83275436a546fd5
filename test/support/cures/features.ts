import type { Cures } from './cure.ts';

const view = 'CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s;';

/** Cures of what is done with feature views that are there. */
export const featureCures = {
  ENTITY_INVALID: [
    {
      before: 'CREATE FEATURE VIEW e ENTITY KEY (id) AS SELECT id, n FROM s;',
      wrong: 'DELETE ENTITY n = 1 FROM FEATURE VIEW e',
      hint: /a value for each of ID, in this order or as column = value/,
      cure: "DELETE ENTITY 'a' FROM FEATURE VIEW e; DELETE ENTITY id = 'a' FROM FEATURE VIEW e",
    },
  ],
  ENTITY_NOT_DELETED: { notOfStatements: 'it is about a query that does not run; test/golden/errors has it' },
  BACKFILL_REFUSED: [
    {
      before: view,
      wrong: "BACKFILL FEATURE VIEW v WITH (PATH='{folder}/x', MATERIALIZE=TRUE)",
      hint: /Leave MATERIALIZE out/,
      cure: "BACKFILL FEATURE VIEW v WITH (PATH='{folder}/x')",
    },
  ],
  REPLACE_REFUSED: [
    {
      before: view,
      wrong: 'CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (n) AS SELECT n, id FROM s PARTITION BY n EMIT CHANGES',
      hint: /Create a view of another name/,
      cure: 'CREATE FEATURE VIEW w ENTITY KEY (n) AS SELECT n, id FROM s PARTITION BY n EMIT CHANGES; DROP FEATURE VIEW v',
    },
  ],
  VIEW_VERSION_NOT_FOUND: [
    { before: view, wrong: 'DROP FEATURE VIEW v VERSION 3', hint: /It has 1/, cure: 'DESCRIBE FEATURE VIEW v@v1' },
  ],
  VIEW_VERSION_REFUSED: [
    {
      before: view,
      wrong: 'DROP FEATURE VIEW v VERSION 1',
      hint: /DROP FEATURE VIEW drops the whole view/,
      cure: 'DROP FEATURE VIEW v',
    },
  ],
} satisfies Record<string, Cures>;
