// Prints every setting that Apache Kafka knows, one a line, as settings.tsv keeps them for version 4.3.1:
// kind, name, type, default, importance, public or internal, for a broker who can change it (else the broker settings
// that stand in), and the values it takes in Kafka's notation. KAFKA is the folder of Kafka's jars:
//   jshell --class-path "$KAFKA/*" -s settings.jsh > settings.tsv
import java.util.*;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.*;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

String defaultOf(ConfigDef.ConfigKey key) {
  if (!key.hasDefault()) return "<required>";
  String text = ConfigDef.convertToString(key.defaultValue, key.type);
  return text == null ? "<null>" : text;
}
String valuesOf(ConfigDef.ConfigKey key) {
  String text = key.validator == null ? "" : key.validator.toString();
  return text.startsWith("org.apache") ? "" : text;
}
void print(String kind, ConfigDef settings, Function<String, String> extra) {
  for (ConfigDef.ConfigKey key : new TreeMap<>(settings.configKeys()).values())
    System.out.println(String.join("\t", kind, key.name, key.type.toString(), defaultOf(key), key.importance.toString(),
        key.internalConfig ? "internal" : "public", extra.apply(key.name), valuesOf(key)));
}
var modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
var ofTopics = ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS;
print("broker", AbstractKafkaConfig.CONFIG_DEF, name -> modes.getOrDefault(name, "read-only"));
print("topic", LogConfig.configDefCopy(), name -> ofTopics.getOrDefault(name, List.of()).stream().map(ConfigSynonym::name).collect(Collectors.joining(",")));
print("group", GroupConfig.CONFIG_DEF, name -> GroupConfig.brokerSynonym(name).orElse(""));
print("client-metrics", ClientMetricsConfigs.configDef(), name -> "");
/exit
