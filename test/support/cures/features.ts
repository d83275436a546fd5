import type { Cures } from './cure.ts';

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
      before: 'CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s;',
      wrong: "BACKFILL FEATURE VIEW v WITH (PATH='{folder}/x', MATERIALIZE=TRUE)",
      hint: /Leave MATERIALIZE out/,
      cure: "BACKFILL FEATURE VIEW v WITH (PATH='{folder}/x')",
    },
  ],
} satisfies Record<string, Cures>;
