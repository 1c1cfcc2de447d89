"""aiokafka, the asyncio client. See talk.py."""
import asyncio
from itertools import islice

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError

from talk import CODECS, NUMBERS, PATIENCE, SHAPES, Acknowledged, expect, main, say


async def produce(bootstrap, topic, count):
    acknowledged = Acknowledged()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5,
                                request_timeout_ms=PATIENCE * 1000) as producer:
        numbers = iter(range(int(count)))
        while window := list(islice(numbers, 10 * NUMBERS)):
            sent = [await producer.send(topic, str(number).encode()) for number in window]
            for number, delivery in zip(window, sent):
                await delivery
                acknowledged.add(number)
    acknowledged.flush()


async def consume(bootstrap, topic, group):
    class Listener(ConsumerRebalanceListener):
        async def on_partitions_revoked(self, revoked):
            pass

        async def on_partitions_assigned(self, assigned):
            say("assigned", len(assigned))

    while True:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                                    enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=500)
        consumer.subscribe([topic], listener=Listener())
        try:
            await consumer.start()
            break
        except KafkaConnectionError:
            # The broker is away just now, and the client asks once.
            await consumer.stop()
            await asyncio.sleep(0.1)
    while True:
        batches = await consumer.getmany(timeout_ms=100, max_records=NUMBERS)
        records = [record for batch in batches.values() for record in batch]
        if records:
            say("read", *(int(record.value) for record in records))
            try:
                await consumer.commit()
            except KafkaError as error:
                # The group has gone on without this member, or the broker is away: what it read is read again.
                say("uncommitted", type(error).__name__)


async def check(bootstrap, prefix):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    for codec in CODECS:
        topic = f"{prefix}-{codec}"
        await admin.create_topics([NewTopic(topic, 1, 1)])
        compression = None if codec == "none" else codec
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type=compression) as producer:
            for key, value, headers in SHAPES:
                await producer.send_and_wait(topic, value, key, headers=headers)
        async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=f"{topic}-group",
                                    auto_offset_reset="earliest", enable_auto_commit=False) as consumer:
            found = []
            while len(found) < len(SHAPES):
                record = await asyncio.wait_for(consumer.getone(), PATIENCE)
                found.append((record.key, record.value, list(record.headers)))
            expect(f"records compressed with {codec}", found, SHAPES)
            await consumer.commit()
            partition = TopicPartition(topic, 0)
            expect("the committed offset", await consumer.committed(partition), len(SHAPES))
            expect("an offset by time", (await consumer.offsets_for_times({partition: 1}))[partition].offset, 0)
    await check_admin(admin, f"{prefix}-none", f"{prefix}-none-group")
    await admin.close()


async def check_admin(admin, topic, group):
    again = await admin.create_topics([NewTopic(topic, 1, 1)])
    expect("the error", again.topic_errors[0][1], TopicAlreadyExistsError.errno)
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "86400000"})])
    found = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    expect("retention.ms is described", "86400000" in str(found), True)
    await admin.create_partitions({topic: NewPartitions(3)})
    expect("the topic is listed", topic in await admin.list_topics(), True)
    expect("the group is listed", group in [found[0] for found in await admin.list_consumer_groups()], True)
    offsets = await admin.list_consumer_group_offsets(group)
    expect("the group's offset", offsets[TopicPartition(topic, 0)].offset, len(SHAPES))
    await admin.delete_topics([topic])


main({command.__name__: lambda *arguments, command=command: asyncio.run(command(*arguments))
      for command in (produce, consume, check)})
