CREATE STREAM events (k STRING KEY, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT, country STRING, device STRING)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
CREATE STREAM result WITH (KAFKA_TOPIC='${sink}', RETENTION_MS=-1, STATE_TTL='1 DAY') AS
  SELECT k, merchant_id, amount FROM events
  QUALIFY ROW_NUMBER() OVER (PARTITION BY k, merchant_id ORDER BY ROWTIME) = 1 EMIT CHANGES;
