"""Writes or reads events with Python's serializers and a schema registry.
usage: schema_events.py BROKERS REGISTRY AVRO|JSON_SR|PROTOBUF produce|consume TOPIC COUNT [v2]"""
import json
import sys
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, url, kind, what, topic, count = *sys.argv[1:6], int(sys.argv[6])
more = len(sys.argv) > 7
registry = SchemaRegistryClient({'url': url})
context = SerializationContext(topic, MessageField.VALUE)


def event(i):
    return {'id': i, 'name': None if i % 3 == 0 else f'é{i}', 'tags': ['a'] * (i % 3), 'place': {'x': i / 2}, **({'more': 'm'} if more else {})}


def avro():
    from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
    text = {'type': ['null', 'string'], 'default': None}
    fields = [
        {'name': 'id', 'type': 'long'},
        *([{'name': 'more', **text}] if more else []),
        {'name': 'name', **text},
        {'name': 'tags', 'type': {'type': 'array', 'items': 'string'}},
        {'name': 'place', 'type': {'type': 'record', 'name': 'Place', 'fields': [{'name': 'x', 'type': 'double'}]}},
    ]
    schema = {'type': 'record', 'name': 'Event', 'namespace': 'test', 'fields': fields}
    write = AvroSerializer(registry, json.dumps(schema)) if what == 'produce' else None
    return write, AvroDeserializer(registry)


def json_sr():
    from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
    text = {'oneOf': [{'type': 'null'}, {'type': 'string'}]}
    schema = {
        '$schema': 'http://json-schema.org/draft-07/schema#', 'title': 'Event', 'type': 'object',
        'properties': {
            'id': {'type': 'integer', 'connect.type': 'int64'},
            'name': text,
            'tags': {'type': 'array', 'items': {'type': 'string'}},
            'place': {'type': 'object', 'properties': {'x': {'type': 'number'}}},
            **({'more': text} if more else {}),
        },
    }
    write = JSONSerializer(json.dumps(schema), registry) if what == 'produce' else None
    return write, JSONDeserializer(None, schema_registry_client=registry)


def message_class(name, fields, nested=()):
    """A class of messages made at run time: fields are (name, number, type, label, type name)."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    file = descriptor_pb2.FileDescriptorProto(name=f'{name}{more}.proto', package='test', syntax='proto3')
    message = file.message_type.add(name=name)
    for child, parts in nested:
        inner = message.nested_type.add(name=child)
        for part, number, type_ in parts:
            inner.field.add(name=part, number=number, type=type_, label=1)
    for part, number, type_, label, type_name, optional in fields:
        field = message.field.add(name=part, number=number, type=type_, label=label)
        if type_name:
            field.type_name = type_name
        if optional:
            field.proto3_optional = True
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f'_{part}')
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f'test.{name}'))


def protobuf():
    from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
    long, double, string, message = 3, 1, 9, 11
    if what == 'produce':
        fields = [
            ('id', 1, long, 1, None, False), ('name', 2, string, 1, None, True), ('tags', 3, string, 3, None, False),
            ('place', 4, message, 1, '.test.Event.Place', False), *([('more', 5, string, 1, None, False)] if more else []),
        ]
        made = message_class('Event', fields, [('Place', [('x', 1, double)])])
        write = ProtobufSerializer(made, registry, {'use.deprecated.format': False})
        return (lambda value, at: write(made(**{k: v for k, v in value.items() if v is not None}), at)), None
    columns = [('ID', 1, long, 1, None, False), ('NAME', 2, string, 1, None, False), ('TAGS', 3, string, 3, None, False), ('X', 4, double, 1, None, False)]
    made = message_class('ConnectDefault1', columns)
    # Apicurio has no schemas in the compiler's form, which the deserializer asks a registry for.
    read = ProtobufDeserializer(made, {'use.deprecated.format': False}, None if 'ccompat' in url else registry)
    return None, lambda value, at: (lambda row: {'ID': row.ID, 'NAME': row.NAME or None, 'TAGS': list(row.TAGS), 'X': row.X})(read(value, at))


write, read = {'AVRO': avro, 'JSON_SR': json_sr, 'PROTOBUF': protobuf}[kind]()
if what == 'produce':
    producer = Producer({'bootstrap.servers': brokers, 'partitioner': 'murmur2_random'})
    for i in range(count):
        producer.produce(topic, key=f'k{i % 7}', value=write(event(i), context))
        producer.poll(0)
    producer.flush()
else:
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
