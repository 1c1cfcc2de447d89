"""kafka-python, the pure Python client. See talk.py."""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import KafkaError, TopicAlreadyExistsError

from talk import CODECS, NUMBERS, PATIENCE, SHAPES, Acknowledged, expect, main, say

# How long a member polls, in milliseconds. A poll that ends while a member rejoins because its topic has appeared makes
# version 3.0 forget that it rejoins: it sends no heartbeats any more and never finds out. Topics appear when the client
# asks again, after 100 ms.
POLL_MS = 1000


def produce(bootstrap, topic, count):
    acknowledged = Acknowledged()

    def lost(error):
        say("lost", error)
        failures.append(error)

    failures = []
    producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5,
                             max_block_ms=PATIENCE * 1000)
    for number in range(int(count)):
        sent = producer.send(topic, str(number).encode())
        sent.add_callback(lambda _, number=number: acknowledged.add(number)).add_errback(lost)
    producer.flush(3 * PATIENCE)
    producer.close()
    acknowledged.flush()
    expect("failures", failures, [])


def consume(bootstrap, topic, group):
    class Listener(ConsumerRebalanceListener):
        def on_partitions_revoked(self, revoked):
            pass

        def on_partitions_assigned(self, assigned):
            say("assigned", len(assigned))

    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                             enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=500)
    consumer.subscribe([topic], listener=Listener())
    while True:
        records = [record for batch in consumer.poll(POLL_MS, NUMBERS).values() for record in batch]
        if records:
            say("read", *(int(record.value) for record in records))
            try:
                consumer.commit()
            except KafkaError as error:
                # The group has gone on without this member, or the broker is away: what it read is read again.
                say("uncommitted", type(error).__name__)


def check(bootstrap, prefix):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    for codec in CODECS:
        topic = f"{prefix}-{codec}"
        admin.create_topics([NewTopic(topic, 1, 1)])
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec)
        for key, value, headers in SHAPES:
            producer.send(topic, value, key, headers=headers).get(PATIENCE)
        producer.close()
        consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=f"{topic}-group",
                                 auto_offset_reset="earliest", enable_auto_commit=False,
                                 consumer_timeout_ms=PATIENCE * 1000)
        found = []
        for record in consumer:
            found.append((record.key, record.value, list(record.headers)))
            if len(found) == len(SHAPES):
                break
        expect(f"records compressed with {codec}", found, SHAPES)
        consumer.commit()
        partition = TopicPartition(topic, 0)
        expect("the committed offset", consumer.committed(partition), len(SHAPES))
        expect("an offset by time", consumer.offsets_for_times({partition: 1})[partition].offset, 0)
        expect("the end", consumer.end_offsets([partition])[partition], len(SHAPES))
        consumer.close()
    check_admin(admin, f"{prefix}-none", f"{prefix}-none-group")


def check_admin(admin, topic, group):
    try:
        admin.create_topics([NewTopic(topic, 1, 1)])
        sys.exit("a topic was created twice")
    except TopicAlreadyExistsError:
        pass
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "86400000"})])
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    expect("retention.ms is described", "86400000" in str(found), True)
    admin.create_partitions({topic: 3})
    admin.delete_records({TopicPartition(topic, 0): 2})
    expect("the topic is listed", topic in admin.list_topics(), True)
    expect("the group is listed", group in str(admin.list_groups()), True)
    expect("the group is described", group in str(admin.describe_groups([group])), True)
    expect("the group's offsets", str(len(SHAPES)) in str(admin.list_group_offsets([group])), True)
    admin.delete_groups([group])
    admin.delete_topics([topic])
    admin.close()


main({"produce": produce, "consume": consume, "check": check})
