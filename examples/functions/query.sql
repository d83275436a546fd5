-- Functions of your own: ext/payments.mjs defines them, `ksql.extension.dir` names the folder.
CREATE STREAM payments (id STRING KEY, card STRING, amount DOUBLE, note STRING)
  WITH (kafka_topic='payments', value_format='JSON', partitions=1);

CREATE STREAM noted AS
  SELECT id, WORDS(note)->place AS place, WORDS(note)->word AS word
  FROM payments EMIT CHANGES;

CREATE TABLE spending AS
  SELECT id, SMOOTHED(amount) AS usual, COUNT(*) AS payments
  FROM payments WHERE CARD_IS_VALID(card)
  GROUP BY id EMIT CHANGES;
