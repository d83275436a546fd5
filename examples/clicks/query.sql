-- How often each user clicked in five-minute windows that advance by one minute.
CREATE STREAM clicks (user_id STRING KEY, page STRING, ts BIGINT)
  WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

CREATE TABLE clicks_per_user AS
  SELECT user_id, COUNT(*) AS clicks, COUNT_DISTINCT(page) AS pages
  FROM clicks
  WINDOW HOPPING (SIZE 5 MINUTES, ADVANCE BY 1 MINUTE, GRACE PERIOD 1 MINUTE)
  GROUP BY user_id
  EMIT CHANGES;
