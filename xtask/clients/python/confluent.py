"""confluent-kafka, the Python binding of librdkafka. See talk.py."""
import sys

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
                                   OffsetSpec)

from talk import CODECS, NUMBERS, PATIENCE, SHAPES, Acknowledged, expect, main, say


def produce(bootstrap, topic, count):
    acknowledged = Acknowledged()

    def delivered(error, message):
        if error:
            sys.exit(f"record {message.value()} is lost: {error}")
        acknowledged.add(int(message.value()))

    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5})
    for number in range(int(count)):
        while True:
            try:
                producer.produce(topic, str(number), callback=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    expect("records that were not delivered", producer.flush(3 * PATIENCE), 0)
    acknowledged.flush()


def consume(bootstrap, topic, group):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "session.timeout.ms": 6000,
                         "partition.assignment.strategy": "cooperative-sticky"})

    def assigned(consumer, partitions):
        consumer.incremental_assign(partitions)
        say("assigned", len(consumer.assignment()))

    consumer.subscribe([topic], on_assign=assigned)
    while True:
        messages = [message for message in consumer.consume(NUMBERS, 0.1) if not message.error()]
        if messages:
            say("read", *(int(message.value()) for message in messages))
            try:
                consumer.commit(asynchronous=False)
            except KafkaException as error:
                # The group has gone on without this member, or the broker is away: what it read is read again.
                say("uncommitted", error)


def check(bootstrap, prefix):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for codec in CODECS:
        topic = f"{prefix}-{codec}"
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(PATIENCE)
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec})
        for key, value, headers in SHAPES:
            producer.produce(topic, value, key, headers=headers)
        expect("records that were not delivered", producer.flush(PATIENCE), 0)
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"{topic}-group", "auto.offset.reset": "earliest",
                             "enable.auto.commit": False})
        consumer.subscribe([topic])
        found = []
        while len(found) < len(SHAPES):
            for message in consumer.consume(len(SHAPES), PATIENCE):
                found.append((message.key(), message.value(), message.headers() or []))
        expect(f"records compressed with {codec}", found, SHAPES)
        consumer.commit(asynchronous=False)
        expect("the committed offset", consumer.committed([TopicPartition(topic, 0)], PATIENCE)[0].offset, len(SHAPES))
        expect("an offset by time", consumer.offsets_for_times([TopicPartition(topic, 0, 1)], PATIENCE)[0].offset, 0)
        consumer.close()
    check_admin(admin, f"{prefix}-none", f"{prefix}-none-group")


def check_admin(admin, topic, group):
    def one(futures):
        return next(iter(futures.values())).result(PATIENCE)

    try:
        one(admin.create_topics([NewTopic(topic, 1, 1)]))
        sys.exit("a topic was created twice")
    except KafkaException as error:
        expect("the error", error.args[0].code(), KafkaError.TOPIC_ALREADY_EXISTS)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    change = ConfigEntry("retention.ms", "86400000", incremental_operation=AlterConfigOpType.SET)
    one(admin.incremental_alter_configs([ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[change])]))
    expect("retention.ms", one(admin.describe_configs([resource]))["retention.ms"].value, "86400000")
    one(admin.create_partitions([NewPartitions(topic, 3)]))
    expect("partitions", len(admin.list_topics(topic, PATIENCE).topics[topic].partitions), 3)
    newest = one(admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.latest()}))
    expect("the newest offset", newest.offset, len(SHAPES))
    expect("the low watermark", one(admin.delete_records([TopicPartition(topic, 0, 2)])).low_watermark, 2)
    expect("the cluster's nodes", len(admin.describe_cluster().result(PATIENCE).nodes), 1)
    groups = admin.list_consumer_groups().result(PATIENCE).valid
    expect("the group is listed", group in [found.group_id for found in groups], True)
    expect("the group's state", one(admin.describe_consumer_groups([group])).state.name, "EMPTY")
    offsets = one(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
    expect("the group's offsets", [found.offset for found in offsets.topic_partitions], [len(SHAPES)])
    one(admin.delete_consumer_groups([group]))
    one(admin.delete_topics([topic]))


main({"produce": produce, "consume": consume, "check": check})
