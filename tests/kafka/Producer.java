import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends records to the partitions that Kafka's Java client chooses for their keys. Is given the
 * broker, and on standard input a line for each record: topic, timestamp, key and value, separated
 * by tabs, key and value in Base64.
 */
public final class Producer {
    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0]);
        var bytes = new ByteArraySerializer();
        try (var producer = new KafkaProducer<byte[], byte[]>(settings, bytes, bytes);
                var lines = new BufferedReader(
                        new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            List<Future<?>> sent = new ArrayList<>();
            for (String line; (line = lines.readLine()) != null; ) {
                String[] fields = line.split("\t");
                byte[] key = Base64.getDecoder().decode(fields[2]);
                byte[] value = Base64.getDecoder().decode(fields[3]);
                Long timestamp = Long.valueOf(fields[1]);
                sent.add(producer.send(
                        new ProducerRecord<>(fields[0], null, timestamp, key, value)));
            }
            for (Future<?> record : sent) {
                record.get();
            }
        }
    }
}
