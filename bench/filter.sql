CREATE STREAM events (k STRING KEY, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT, country STRING, device STRING)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
CREATE STREAM result WITH (KAFKA_TOPIC='${sink}', RETENTION_MS=-1) AS
  SELECT k, user_id, amount * CAST(1.1 AS DOUBLE) AS amount, LCASE(country) AS country FROM events WHERE amount > 250 EMIT CHANGES;
