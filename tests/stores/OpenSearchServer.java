import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.Version;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.PluginInfo;
import org.opensearch.transport.Netty4ModulePlugin;

/** Starts one OpenSearch node from the jars of Maven Central, with the settings in opensearch.yml of opensearch.path.conf. */
public final class OpenSearchServer extends Node {
    /** The transport is a plugin, which is on the class path here: this constructor is for those, and not public. */
    private OpenSearchServer(Environment environment) {
        super(environment, List.of(new PluginInfo("transport-netty4", "its transport", "NA", Version.CURRENT, "21",
            Netty4ModulePlugin.class.getName(), null, List.of(), false)), true);
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(System.getProperty("opensearch.path.home"));
        Path config = Path.of(System.getProperty("opensearch.path.conf"));
        Settings settings = Settings.builder().put("path.home", home).build();
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> System.getenv("HOSTNAME"));
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(environment.settings()));
        LogConfigurator.configure(environment);
        try (Node node = new OpenSearchServer(environment)) {
            node.start();
            Thread.currentThread().join(); // until a signal ends the process
        }
    }
}
