-- Readings are cleansed, scaled, and compared with their own sensor's last ten minutes.
CREATE STREAM raw_readings (sensor_id STRING KEY, celsius STRING, ts BIGINT)
  WITH (KAFKA_TOPIC='raw_readings', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

CREATE STREAM readings AS
  SELECT sensor_id, ts, CAST(TRIM(celsius) AS DOUBLE) AS celsius
  FROM raw_readings
  WHERE sensor_id IS NOT NULL AND CAST(TRIM(celsius) AS DOUBLE) BETWEEN -60 AND 90
  EMIT CHANGES;

CREATE STREAM reading_statistics AS
  SELECT sensor_id, ts, celsius,
         ML_MIN_MAX_SCALER(celsius, -60.0, 90.0) AS scaled,
         AVG(celsius)         OVER recent AS mean,
         STDDEV_SAMPLE(celsius) OVER recent AS deviation
  FROM readings
  WINDOW recent AS (PARTITION BY sensor_id ORDER BY ts RANGE BETWEEN INTERVAL '10' MINUTE PRECEDING AND CURRENT ROW)
  EMIT CHANGES;

-- Three minutes of readings against the three before: a sensor that is moved or ages drifts before it breaks. Silence is told of too.
CREATE MONITOR readings_health ON STREAM readings
  WINDOW TUMBLING (SIZE 3 MINUTES)
  SEGMENT BY sensor_id
  BASELINE PREVIOUS 1 WINDOW
  WITH (KAFKA_TOPIC='readings_health', MIN_ROWS=2, TICK='1 MINUTE')
  ( CONSTRAINT moved  CHECK (DRIFT(celsius, 'DIFFERENCE_OF_MEANS') <= 0.3) SEVERITY 'WARN',
    CONSTRAINT volume CHECK (ROW_COUNT() >= 2),
    CONSTRAINT nulls  CHECK (NULL_RATE(celsius) <= 0.1) );

-- A greenhouse is warmer by day: six readings a day are a season, against which a night without heating shows.
CREATE STREAM greenhouse (sensor_id STRING KEY, celsius DOUBLE, ts BIGINT)
  WITH (KAFKA_TOPIC='greenhouse', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

CREATE STREAM season_breaks AS
  SELECT sensor_id, found->timestamp AS ts, found->actual_value AS celsius, ROUND(found->forecast_value, 1) AS expected,
         ROUND(found->lower_bound, 1) AS least, ROUND(found->upper_bound, 1) AS most
  FROM (
    SELECT sensor_id,
           ML_DETECT_ANOMALIES(celsius, ts, JSON_OBJECT('method' VALUE 'SEASONAL', 'm' VALUE 6, 'minTrainingSize' VALUE 18))
             OVER (PARTITION BY sensor_id ORDER BY ts) AS found
    FROM greenhouse
  ) AS judged
  WHERE found->is_anomaly
  EMIT CHANGES;

-- A boiler that heats up too fast: three readings within five minutes, each a degree warmer than the one before, give one alarm.
CREATE STREAM boilers (sensor_id STRING KEY, celsius DOUBLE, ts BIGINT)
  WITH (KAFKA_TOPIC='boilers', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

CREATE STREAM overheating AS
  SELECT * FROM boilers MATCH_RECOGNIZE (
    PARTITION BY sensor_id ORDER BY ROWTIME
    MEASURES FIRST(ts) AS began, LAST(ts) AS ts, FIRST(celsius) AS from_celsius, LAST(celsius) AS to_celsius
    ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
    PATTERN (started risen{2}) WITHIN INTERVAL '5' MINUTES
    DEFINE risen AS celsius >= PREV(celsius) + 1
  ) EMIT CHANGES;

CREATE STREAM anomalies AS
  SELECT sensor_id, ts, celsius, ROUND(scaled, 3) AS scaled, ROUND((celsius - mean) / deviation, 2) AS z
  FROM reading_statistics
  WHERE deviation > 0 AND ABS((celsius - mean) / deviation) > 3
  EMIT CHANGES;
