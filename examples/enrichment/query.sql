-- Clicks with what is known about the user at that moment.
CREATE TABLE profiles (user_id STRING PRIMARY KEY, country STRING, plan STRING)
  WITH (KAFKA_TOPIC='profiles', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE STREAM clicks (user_id STRING KEY, page STRING)
  WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', PARTITIONS=1);

CREATE STREAM enriched_clicks AS
  SELECT c.user_id AS user_id, c.page AS page, p.country AS country, COALESCE(p.plan, 'unknown') AS plan
  FROM clicks c
  LEFT JOIN profiles p ON c.user_id = p.user_id
  EMIT CHANGES;
