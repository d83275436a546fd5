CREATE STREAM events (k STRING KEY, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT, country STRING, device STRING)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
CREATE STREAM result WITH (KAFKA_TOPIC='${sink}', RETENTION_MS=-1) AS
  SELECT a.k AS k, a.amount AS amount, b.amount AS other FROM events a JOIN events b WITHIN 1 SECOND GRACE PERIOD 1 MINUTE ON a.k = b.k EMIT CHANGES;
