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

CREATE STREAM anomalies AS
  SELECT sensor_id, ts, celsius, ROUND(scaled, 3) AS scaled, ROUND((celsius - mean) / deviation, 2) AS z
  FROM reading_statistics
  WHERE deviation > 0 AND ABS((celsius - mean) / deviation) > 3
  EMIT CHANGES;
