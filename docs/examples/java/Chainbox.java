import com.sun.jna.IntegerType;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.ByteByReference;
import com.sun.jna.ptr.PointerByReference;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** The part of chainbox.h that this example needs, through JNA. A handle may be used by any number of threads at once. */
final class Chainbox implements AutoCloseable {
    static final int SCHEME_SM2_SM3 = 4;
    static final int INPUT_MESSAGE = 1;
    static final int ENCODING_RAW = 1;
    static final int STATUS_OK = 0;
    private static final int MESSAGE_BYTES = 504;

    private static final Functions LIBRARY = Native.load("chainbox", Functions.class);

    private final Pointer handle;

    /** Verifies by the server at the address, or in process where that is null. */
    Chainbox(String address) throws Failure {
        Options options = new Options();
        options.address = address;
        options.size = new SizeT(options.size());
        PointerByReference opened = new PointerByReference();
        ErrorReport error = new ErrorReport();
        check(LIBRARY.chainbox_open(options, opened, error), error);
        handle = opened.getValue();
    }

    /** Verifies r || s over messages of signers with the common id: a byte an item, as enum chainbox_verdict says. */
    byte[] verifySm2(Strings keys, Strings messages, Strings signatures) throws Failure {
        int items = keys.lengths.size();
        if (messages.lengths.size() != items || signatures.lengths.size() != items) {
            throw new IllegalArgumentException("keys, messages and signatures are not as many");
        }
        VerifyRequest request = new VerifyRequest();
        request.size = new SizeT(request.size());
        request.items = new SizeT(items);
        request.scheme = SCHEME_SM2_SM3;
        request.input = INPUT_MESSAGE;
        request.encoding = ENCODING_RAW;
        keys.fill(request.keys);
        messages.fill(request.inputs);
        signatures.fill(request.signatures);
        byte[] verdicts = new byte[items];
        ErrorReport error = new ErrorReport();
        check(LIBRARY.chainbox_verify(handle, request, verdicts, new SizeT(items), new ByteByReference(), error), error);
        return verdicts;
    }

    static String verdictText(byte verdict) {
        return LIBRARY.chainbox_verdict_text(verdict);
    }

    @Override
    public void close() {
        LIBRARY.chainbox_close(handle);
    }

    private static void check(int status, ErrorReport error) throws Failure {
        if (status != STATUS_OK) {
            String message = Native.toString(error.message, "UTF-8");
            throw new Failure(status, error.retry_after_ms, LIBRARY.chainbox_error_text(status) + ": " + message);
        }
    }

    /** Why there are no verdicts. */
    static final class Failure extends Exception {
        final int status;
        /** When to try again, in milliseconds; 0 where that will not help. */
        final int retryAfterMs;

        Failure(int status, int retryAfterMs, String message) {
            super(message);
            this.status = status;
            this.retryAfterMs = retryAfterMs;
        }
    }

    /** A column of byte strings. */
    static final class Strings {
        private final ByteArrayOutputStream data = new ByteArrayOutputStream();
        private final List<Integer> lengths = new ArrayList<>();

        void push(byte[] string) {
            data.writeBytes(string);
            lengths.add(string.length);
        }

        /** The memory lives as long as the structure that names it. */
        private void fill(Column column) {
            if (data.size() > 0) {
                Memory bytes = new Memory(data.size());
                bytes.write(0, data.toByteArray(), 0, data.size());
                column.data = bytes;
            }
            column.data_len = new SizeT(data.size());
            // One more than there are: memory of no bytes cannot be had.
            Memory numbers = new Memory((lengths.size() + 1L) * Integer.BYTES);
            for (int i = 0; i < lengths.size(); i++) {
                numbers.setInt((long) i * Integer.BYTES, lengths.get(i));
            }
            column.lengths = numbers;
        }
    }

    /** size_t. */
    public static final class SizeT extends IntegerType {
        public SizeT() {
            this(0);
        }

        public SizeT(long value) {
            super(Native.SIZE_T_SIZE, value, true);
        }
    }

    @Structure.FieldOrder({"size", "address", "ca_file", "certificate_file", "key_file", "deadline_ms", "threads", "key_table_bytes"})
    public static final class Options extends Structure {
        public SizeT size = new SizeT();
        public String address;
        public String ca_file;
        public String certificate_file;
        public String key_file;
        public int deadline_ms;
        public int threads;
        public long key_table_bytes;

        public Options() {
            setStringEncoding("UTF-8");
        }
    }

    @Structure.FieldOrder({"data", "data_len", "lengths", "width"})
    public static final class Column extends Structure {
        public Pointer data;
        public SizeT data_len = new SizeT();
        public Pointer lengths;
        public SizeT width = new SizeT();
    }

    @Structure.FieldOrder({"size", "items", "scheme", "input", "encoding", "low_s", "keys", "inputs", "signatures", "ids", "hints"})
    public static final class VerifyRequest extends Structure {
        public SizeT size = new SizeT();
        public SizeT items = new SizeT();
        public int scheme;
        public int input;
        public int encoding;
        public int low_s;
        public Column keys = new Column();
        public Column inputs = new Column();
        public Column signatures = new Column();
        public Column ids = new Column();
        public Column hints = new Column();
    }

    @Structure.FieldOrder({"status", "retry_after_ms", "message"})
    public static final class ErrorReport extends Structure {
        public int status;
        public int retry_after_ms;
        public byte[] message = new byte[MESSAGE_BYTES];
    }

    /** The functions, by their names in C. */
    private interface Functions extends Library {
        int chainbox_open(Options options, PointerByReference handle, ErrorReport error);

        void chainbox_close(Pointer handle);

        int chainbox_verify(
                Pointer handle, VerifyRequest request, byte[] verdicts, SizeT verdicts_len, ByteByReference all_valid, ErrorReport error);

        String chainbox_verdict_text(byte verdict);

        String chainbox_error_text(int status);
    }
}
