import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import type { Row } from '../src/types/sql-type.ts';
import { InternalError } from '../src/util/internal-error.ts';
import { ask, numbers, spread, type Asked } from './ask.ts';
import { openBenchNode } from './node.ts';

const perProduce = 1000;
const viewsOf = 5;
const candidatesOf = 20;
const best = 10;

const statements = `
  CREATE STREAM views (user_id STRING KEY, embedding ARRAY<DOUBLE>) WITH (kafka_topic='views', value_format='JSON', partitions=4);
  CREATE STREAM candidates (user_id STRING KEY, item_id STRING, embedding ARRAY<DOUBLE>) WITH (kafka_topic='candidates', value_format='JSON', partitions=4);
  CREATE SOURCE TABLE items (item_id STRING PRIMARY KEY, embedding ARRAY<DOUBLE>) WITH (kafka_topic='items', value_format='JSON', partitions=4);
  CREATE STREAM interests AS
    SELECT user_id, NORMALIZE(VECTOR_AVG(embedding) OVER half_hour) AS interest FROM views
    WINDOW half_hour AS (PARTITION BY user_id ORDER BY ROWTIME RANGE BETWEEN INTERVAL '30' MINUTE PRECEDING AND CURRENT ROW);
  CREATE TABLE interest_of AS SELECT user_id, LATEST_BY_OFFSET(interest) AS interest FROM interests GROUP BY user_id;
  CREATE STREAM scored AS
    SELECT c.user_id AS user_id, c.item_id AS item_id, COSINE_SIMILARITY(i.interest, c.embedding) AS score
    FROM candidates c JOIN interest_of i ON c.user_id = i.user_id;
  CREATE TABLE recommended WITH (KEY_FORMAT='JSON') AS
    SELECT user_id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY score DESC) AS place, item_id, score
    FROM scored QUALIFY place <= ${best};`;

/**
 * The best items of each user, by the statements of examples/recommendations: read from the Top-N table of candidates, and as the nearest
 * of all items to the user's interest, from the text of a question to its rows.
 */
export async function benchRecommend({
  events,
  users,
  size,
}: {
  readonly events: string;
  readonly users: string;
  readonly size: string | undefined;
}): Promise<void> {
  const [items, people, width] = [Number(events), Number(users), Number(size ?? 64)];
  const next = numbers();
  const vectors = Array.from({ length: items }, () => Array.from({ length: width }, next));
  const pick = (): number => Math.floor(((next() + 1) / 2) * items) % items;
  const running = await openBenchNode();
  const { engine } = running;
  await executeScript({ name: 'recommend', text: statements }, engine, new Session(engine.defaults));
  const produce = async (topic: string, rows: readonly (readonly [key: string, value: object])[]): Promise<void> => {
    for (let from = 0; from < rows.length; from += perProduce)
      await engine.node.produce(
        topic,
        rows.slice(from, from + perProduce).map(([key, value], i) => ({
          key: Buffer.from(key),
          value: Buffer.from(JSON.stringify(value)),
          timestamp: from + i,
          partition: undefined,
        })),
      );
  };
  const untilFound = async (text: string, wanted: number): Promise<void> => {
    while ((await ask(engine, text)).rows.length < wanted) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  const names = Array.from({ length: people }, (_, i) => `user${i}`);
  const shown = names.flatMap((name) =>
    Array.from({ length: viewsOf }, () => [name, { EMBEDDING: vectors[pick()] }] as const),
  );
  await produce(
    'items',
    vectors.map((v, i) => [`item${i}`, { EMBEDDING: v }] as const),
  );
  await produce('views', shown);
  await untilFound('SELECT item_id FROM items;', items);
  await untilFound('SELECT user_id FROM interest_of;', people);
  for (let from = 0; from < people; from += 50) {
    const some = names.slice(from, from + 50);
    const rows = some.flatMap((name) =>
      Array.from({ length: candidatesOf }, (_, i) => {
        const item = (pick() + i) % items;
        return [name, { ITEM_ID: `item${item}`, EMBEDDING: vectors[item] }] as const;
      }),
    );
    await produce('candidates', rows);
  }
  await untilFound('SELECT user_id, place FROM recommended;', people * best);

  const time = async (name: string, question: (user: string) => Promise<Asked>): Promise<void> => {
    const first = await question(names[0]!);
    if (first.rows.length !== best) throw new InternalError(`${first.rows.length} rows of ${best}`);
    const times: number[] = [];
    const cpu: number[] = [];
    for (const name of names) {
      const used = process.cpuUsage();
      times.push((await question(name)).ms);
      const { user, system } = process.cpuUsage(used);
      cpu.push((user + system) / 1000);
    }
    console.log(
      JSON.stringify({
        bench: 'recommend',
        question: name,
        items,
        users: people,
        width,
        firstMs: Math.round(first.ms),
        ms: spread(times),
        cpuMs: spread(cpu),
      }),
    );
  };
  await time('top-n table', (user) =>
    ask(engine, `SELECT place, item_id, score FROM recommended WHERE user_id = '${user}' ORDER BY place;`),
  );
  const interests = new Map(
    (await ask(engine, 'SELECT user_id, interest FROM interest_of;')).rows.map(([user, v]) => [
      user,
      v as readonly number[],
    ]),
  );
  await time('nearest of all items', async (user) => {
    const interest = interests.get(user)!;
    const asked = await ask(
      engine,
      `SELECT item_id, COSINE_SIMILARITY(embedding, ARRAY[${interest.join(', ')}]) AS score FROM items ORDER BY score DESC NULLS LAST LIMIT ${best};`,
    );
    if (user === names[0]) check(asked.rows, vectors, interest);
    return asked;
  });
  await running.close();
}

/** The nearest items are those that a scan finds. */
function check(rows: readonly Row[], vectors: readonly (readonly number[])[], interest: readonly number[]): void {
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const scores = vectors.map(
    (v, i) => [`item${i}`, dot(v, interest) / Math.sqrt(dot(v, v) * dot(interest, interest))] as const,
  );
  const wanted = scores
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, best)
    .map(([id]) => id);
  const found = rows.map(([id]) => id);
  if (found.join() !== wanted.join()) throw new InternalError(`${found.join()} is not ${wanted.join()}`);
}
