"""Writes events with Python's confluent-kafka: usage: produce.py BROKERS TOPIC COUNT CODEC"""
import json
import sys
from confluent_kafka import Producer

brokers, topic, count, codec = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
producer = Producer({'bootstrap.servers': brokers, 'compression.type': codec, 'linger.ms': 20, 'partitioner': 'murmur2_random'})
for i in range(count):
    producer.produce(
        topic,
        key=f'k{i % 7}',
        value=json.dumps({'id': i, 'text': f'événement {i}'}),
        timestamp=1_700_000_000_000 + i,
        headers=[('source', b'python')],
    )
    producer.poll(0)
producer.flush()
