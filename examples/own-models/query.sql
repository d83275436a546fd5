-- A provider, and what stands before and behind its model: the modules in ext define them, `ksql.extension.dir` names the folder.
CREATE STREAM payments (id STRING KEY, amount DOUBLE, hour INT, country STRING)
  WITH (kafka_topic='payments', value_format='JSON', partitions=1);

CREATE MODEL risk INPUT (amount DOUBLE, hour INT, country STRING) OUTPUT (score DOUBLE, grade STRING)
  WITH (PROVIDER='lines', ENDPOINT='http://127.0.0.1:8090', PREPROCESS='payment_features', POSTPROCESS='risk_grade',
    HEALTH_CHECK_ENABLED=true, MAX_RETRIES=2, ON_ERROR='NULL');

CREATE STREAM scored AS
  SELECT p.id AS id, r.score AS score, r.grade AS grade, r.model_error AS error
  FROM payments p INVOKE MODEL risk USING (p.amount, p.hour, p.country) AS r EMIT CHANGES;
