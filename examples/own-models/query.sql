-- A provider of your own: ext/lines.mjs defines it, `ksql.extension.dir` names the folder.
CREATE STREAM payments (id STRING KEY, amount DOUBLE, hour INT)
  WITH (kafka_topic='payments', value_format='JSON', partitions=1);

CREATE MODEL risk INPUT (amount DOUBLE, hour INT) OUTPUT (score DOUBLE)
  WITH (PROVIDER='lines', ENDPOINT='http://127.0.0.1:8090', HEALTH_CHECK_ENABLED=true, MAX_RETRIES=2, ON_ERROR='NULL');

CREATE STREAM scored AS
  SELECT p.id AS id, r.score AS score, r.model_error AS error
  FROM payments p INVOKE MODEL risk USING (p.amount, p.hour) AS r EMIT CHANGES;
