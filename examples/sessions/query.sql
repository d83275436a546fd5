-- A visit ends when nothing comes for 30 minutes.
CREATE STREAM page_views (user_id STRING KEY, page STRING, ts BIGINT)
  WITH (KAFKA_TOPIC='page_views', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

CREATE TABLE visits AS
  SELECT user_id, COUNT(*) AS views, EARLIEST_BY_OFFSET(page) AS entered_at, LATEST_BY_OFFSET(page) AS left_at
  FROM page_views
  WINDOW SESSION (30 MINUTES, GRACE PERIOD 1 HOUR)
  GROUP BY user_id
  EMIT CHANGES;
