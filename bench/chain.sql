CREATE STREAM payments (user_id STRING KEY, amount DOUBLE, ts BIGINT, sent DOUBLE)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON', TIMESTAMP='ts');
CREATE FEATURE VIEW velocity ENTITY KEY (user_id) TIMESTAMP ts WITH (KAFKA_TOPIC='${topic}_velocity') AS
  SELECT user_id, ts, amount, sent, COUNT(*) OVER minute AS c1m, SUM(amount) OVER hour AS s1h, AVG(amount) OVER hour AS a1h
  FROM payments
  WINDOW minute AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW),
         hour AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)
  EMIT CHANGES;
CREATE MODEL fraud
  INPUT (c1m BIGINT, c5m BIGINT, s1h DOUBLE, c24h BIGINT, merchants BIGINT, a24h DOUBLE, distance DOUBLE, amount DOUBLE)
  OUTPUT (is_fraud BIGINT, score DOUBLE)
  WITH (PROVIDER='onnx', PATH='${model}', INPUT_TENSOR='X', OUTPUT_MAP='is_fraud=label,score=probabilities[1]');
CREATE STREAM scored WITH (KAFKA_TOPIC='${topic}_scored') AS
  SELECT v.user_id AS user_id, v.ts AS ts, v.sent AS sent, p.score AS score
  FROM velocity v
  INVOKE MODEL fraud USING (v.c1m, v.c1m, v.s1h, v.c1m, v.c1m, v.a1h, CAST(0 AS DOUBLE), v.amount) AS p
  EMIT CHANGES;
CREATE STREAM alerts WITH (KAFKA_TOPIC='${sink}') AS SELECT user_id, sent, score FROM scored WHERE score >= 0 EMIT CHANGES;
