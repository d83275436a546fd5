CREATE STREAM events (k STRING KEY, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT, country STRING, device STRING)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
CREATE TABLE profiles (k STRING PRIMARY KEY, segment STRING, risk DOUBLE) WITH (KAFKA_TOPIC='profiles_${topic}', VALUE_FORMAT='JSON');
CREATE STREAM result WITH (KAFKA_TOPIC='${sink}', RETENTION_MS=-1) AS
  SELECT e.k AS k, e.amount AS amount, p.segment AS segment, p.risk AS risk FROM events e LEFT JOIN profiles p ON e.k = p.k EMIT CHANGES;
