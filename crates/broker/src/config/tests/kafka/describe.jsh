// Prints what Apache Kafka 4.3.1 answers to DescribeConfigs, as describe.tsv keeps it, from a fresh broker that was
// started with server.properties (its directory formatted by kafka.tools.StorageTool format --standalone):
//   jshell --class-path "$KAFKA/*" -s describe.jsh > describe.tsv
// The columns: state, resource, name, value, source, read-only, sensitive, type, synonyms. In the state "started" nothing
// was changed since the start; in the state "changed" settings were changed for all brokers, for one, and for a topic.
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.config.ConfigResource;

var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", "127.0.0.1:19392"));
var broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
var allBrokers = new ConfigResource(ConfigResource.Type.BROKER, "");
var plain = new ConfigResource(ConfigResource.Type.TOPIC, "plain");
var rich = new ConfigResource(ConfigResource.Type.TOPIC, "rich");
var group = new ConfigResource(ConfigResource.Type.GROUP, "g");
var metrics = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "m");

void alter(ConfigResource resource, String... settings) throws Exception {
  Collection<AlterConfigOp> changes = new ArrayList<>();
  for (String setting : settings) {
    var parts = setting.split("=", 2);
    changes.add(new AlterConfigOp(new ConfigEntry(parts[0], parts[1]), AlterConfigOp.OpType.SET));
  }
  admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
}
String text(String value) { return value == null ? "<null>" : value; }
void describe(String state, ConfigResource... resources) throws Exception {
  for (var resource : resources) {
    var entries = new ArrayList<>(admin.describeConfigs(List.of(resource), new DescribeConfigsOptions().includeSynonyms(true)).all().get().get(resource).entries());
    entries.sort(Comparator.comparing(ConfigEntry::name));
    for (var e : entries)
      System.out.println(String.join("\t", state, (resource.type() + " " + resource.name()).trim(), e.name(), text(e.value()), e.source().toString(), e.isReadOnly() ? "read-only" : "dynamic", e.isSensitive() ? "sensitive" : "plain", e.type().toString(), e.synonyms().stream().map(s -> s.source() + " " + s.name() + "=" + text(s.value())).collect(Collectors.joining("; "))));
  }
}
admin.createTopics(List.of(new NewTopic("plain", 1, (short) 1), new NewTopic("rich", 1, (short) 1))).all().get();
Thread.sleep(1000);
describe("started", plain, group, metrics);
alter(rich, "retention.ms=1000", "cleanup.policy=compact, delete", "segment.bytes=01048576", "flush.ms=9", "compression.type=gzip", "min.cleanable.dirty.ratio=0.250", "preallocate=TRUE", "leader.replication.throttled.replicas=0:1, 0:2");
alter(allBrokers, "log.retention.ms=77777", "message.max.bytes=3000000", "log.cleaner.threads=2", "unheard.of=x", "follower.replication.throttled.rate=1024");
alter(broker, "log.segment.bytes=2097152", "log.flush.interval.ms=500", "message.max.bytes=4000000", "log.roll.ms=1234567");
alter(group, "consumer.session.timeout.ms=50000", "share.auto.offset.reset=earliest");
alter(metrics, "interval.ms=60000", "metrics=a,b");
Thread.sleep(2000);
describe("changed", broker, allBrokers, plain, rich, group, metrics);
admin.close();
/exit
