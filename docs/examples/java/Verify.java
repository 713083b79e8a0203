import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Verifies SM2 signatures, an item a line: key, message and signature in hex, between spaces.
 *
 * <pre>
 * javac -cp /usr/share/java/jna.jar Verify.java Chainbox.java
 * java -cp /usr/share/java/jna.jar:. Verify ../items.txt                                 in process
 * java -cp /usr/share/java/jna.jar:. Verify ../items.txt unix:/run/chainbox/chainbox.sock    by a server
 * </pre>
 *
 * Exit status: 0 where all are valid, 1 where some are not, 2 where there are no verdicts.
 */
final class Verify {
    private static final byte VALID = 1;

    public static void main(String[] args) {
        try {
            System.exit(run(args) ? 0 : 1);
        } catch (IOException | Chainbox.Failure | IllegalArgumentException error) {
            System.err.println("verify: " + error.getMessage());
            System.exit(2);
        }
    }

    private static boolean run(String[] args) throws IOException, Chainbox.Failure {
        if (args.length < 1) {
            throw new IllegalArgumentException("usage: Verify ITEMS [ADDRESS]");
        }
        Chainbox.Strings keys = new Chainbox.Strings(), messages = new Chainbox.Strings(), signatures = new Chainbox.Strings();
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] parts = line.strip().split(" ");
            if (parts.length != 3) {
                throw new IllegalArgumentException(parts.length + " parts and not three: " + line);
            }
            keys.push(HexFormat.of().parseHex(parts[0]));
            messages.push(HexFormat.of().parseHex(parts[1]));
            signatures.push(HexFormat.of().parseHex(parts[2]));
        }
        boolean allValid = true;
        try (Chainbox chainbox = new Chainbox(args.length > 1 ? args[1] : null)) {
            byte[] verdicts = chainbox.verifySm2(keys, messages, signatures);
            for (int i = 0; i < verdicts.length; i++) {
                System.out.println((i + 1) + " " + Chainbox.verdictText(verdicts[i]));
                allValid &= verdicts[i] == VALID;
            }
        }
        return allValid;
    }
}
