"""Reads COUNT records with Python's confluent-kafka, committed ones only, and prints each as JSON: usage: consume.py BROKERS TOPIC COUNT"""
import json
import sys
import time
from confluent_kafka import Consumer

brokers, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
consumer = Consumer({
    'bootstrap.servers': brokers,
    'group.id': f'test-{time.time()}',
    'auto.offset.reset': 'earliest',
    'isolation.level': 'read_committed',
    'check.crcs': True,
})
consumer.subscribe([topic])
deadline = time.time() + 30
while count > 0 and time.time() < deadline:
    message = consumer.poll(0.5)
    if message is None or message.error():
        continue
    count -= 1
    key, value = message.key(), message.value()
    print(json.dumps({
        'key': key.decode() if key is not None else None,
        'value': json.loads(value) if value is not None else None,
        'timestamp': message.timestamp()[1],
        'partition': message.partition(),
        'headers': [[name, text.decode()] for name, text in message.headers() or []],
    }))
consumer.close()
