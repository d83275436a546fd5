"""Writes or reads events with Python's Avro serializers: usage: avro_events.py BROKERS REGISTRY produce|consume TOPIC COUNT [v2]"""
import json
import sys
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, url, what, topic, count = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
registry = SchemaRegistryClient({'url': url})
context = SerializationContext(topic, MessageField.VALUE)

if what == 'produce':
    fields = [
        {'name': 'id', 'type': 'long'},
        {'name': 'name', 'type': ['null', 'string'], 'default': None},
        {'name': 'tags', 'type': {'type': 'array', 'items': 'string'}},
        {'name': 'place', 'type': {'type': 'record', 'name': 'Place', 'fields': [{'name': 'x', 'type': 'double'}]}},
    ]
    if len(sys.argv) > 6:
        fields.insert(1, {'name': 'more', 'type': ['null', 'string'], 'default': None})
    schema = {'type': 'record', 'name': 'Event', 'namespace': 'test', 'fields': fields}
    write = AvroSerializer(registry, json.dumps(schema))
    producer = Producer({'bootstrap.servers': brokers, 'partitioner': 'murmur2_random'})
    for i in range(count):
        event = {'id': i, 'name': None if i % 3 == 0 else f'é{i}', 'tags': ['a'] * (i % 3), 'place': {'x': i / 2}, 'more': 'm'}
        producer.produce(topic, key=f'k{i % 7}', value=write(event, context))
        producer.poll(0)
    producer.flush()
else:
    read = AvroDeserializer(registry)
    consumer = Consumer({'bootstrap.servers': brokers, 'group.id': f'{topic}-reader', 'auto.offset.reset': 'earliest'})
    consumer.subscribe([topic])
    seen = 0
    while seen < count:
        message = consumer.poll(30)
        if message is None or message.error():
            raise SystemExit(f'{seen} of {count} came: {message and message.error()}')
        seen += 1
        print(json.dumps(read(message.value(), context)))
    consumer.close()
