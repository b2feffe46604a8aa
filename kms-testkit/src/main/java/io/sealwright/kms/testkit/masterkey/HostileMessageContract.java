package io.sealwright.kms.testkit.masterkey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the recipients in a message's header may bring about, whoever wrote them: nothing. A header comes from a stranger, so
 * its recipients are only compared with the keys that are configured. A message that names unknown, foreign or hostile
 * ones (an internal address, {@code pkcs11:?module-path=…}, a key of another account, 64 of them) makes nobody connect to
 * anything, load anything, or ask a server about them, and gives one typed error. A provider's test extends it and says which
 * names would be hostile to that provider; the contract adds those that would be to any, and gives all of them wraps
 * that the provider itself has made. Needs the engine ({@code kms-core}) at run time.
 */
@Timeout(120)
public abstract class HostileMessageContract {
    private static final int MOST_RECIPIENTS = 64;

    /** Each message is opened so often: by a manager that has asked nobody yet, and once more. */
    private static final int OPENINGS = 2;

    private static final WrapBinding BINDING = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());

    @TempDir
    Path folder;

    private Trap trap;
    private Path library;

    /** For subclasses. */
    protected HostileMessageContract() {}

    // ---- what a provider's test says

    /** Opens a key that works, as an application configures it; another handle on the same key each time. The contract closes it. */
    protected abstract MasterKey open() throws Exception;

    /**
     * Ids of recipients by which somebody might try to make this provider connect, load, or ask for another key.
     *
     * @param address where nobody has a reason to connect to, as {@code 127.0.0.1:PORT}
     * @param library the path of a shared library that nobody has a reason to load
     */
    protected abstract List<String> hostileIds(String address, String library);

    /** The id of a key that is not the one of {@link #open}, as the provider itself would write it; another for each number. */
    protected abstract String foreignId(int number);

    /** What the provider's server or device was asked so far: a text for each request, in their order. */
    protected abstract List<String> asked();

    // ---- the contract

    @BeforeEach
    final void setTraps() throws IOException {
        trap = new Trap();
        library = folder.resolve(System.mapLibraryName("hostile"));
        Path real = Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("net"));
        if (Files.exists(real)) {
            Files.copy(real, library); // one that could be loaded
        } else {
            Files.createFile(library);
        }
    }

    @AfterEach
    final void nobodyWasCaught() throws Exception {
        try (Trap set = trap) {
            assertEquals(0, set.connections(), "connections to an address that stands in a message");
        }
        Path mapped = Path.of("/proc/self/maps"); // elsewhere than on Linux nobody tells
        if (Files.exists(mapped)) {
            assertFalse(
                    Files.readString(mapped).contains(library.toString()), "a library was loaded that a message names");
        }
    }

    /** A message with 64 recipients, none of which the key of {@link #open} recognises, for a provider's own cases. */
    protected final byte[] hostileMessage() throws Exception {
        Recipient own = own();
        return sealed(forged(own), null);
    }

    @Test
    void decrypt_hostileRecipientsOfThisProvider_asksNobodyAndGivesOneTypedError() throws Exception {
        refuses(hostileMessage());
    }

    @Test
    void decrypt_recipientsOfEveryOtherKind_asksNobodyAndGivesOneTypedError() throws Exception {
        Recipient own = own();
        List<Recipient> forged = new ArrayList<>();
        byte[] elsewhere = ("https://" + trap.address() + "/").getBytes(StandardCharsets.UTF_8);
        for (int kind : otherKinds(own.kind())) {
            forged.add(new Recipient(kind, own.id(), own.wrap()));
            forged.add(new Recipient(kind, elsewhere, own.wrap()));
        }
        refuses(sealed(forged, null));
    }

    private void refuses(byte[] message) throws Exception {
        MasterKey key = open();
        int before = asked().size();
        try (KeyManager kms = KeyManager.builder().masterKey(key).build()) {
            for (int i = 0; i < OPENINGS; i++) {
                assertThrows(
                        NoMatchingRecipientException.class,
                        () -> kms.decrypt(message).toText());
            }
            askedNobody(before);
        }
    }

    private void askedNobody(int before) {
        List<String> asked = asked();
        assertEquals(List.of(), asked.subList(before, asked.size()), "what was asked");
    }

    @Test
    void recipients_andRewrap_ofAHostileMessage_askNobody() throws Exception {
        byte[] message = hostileMessage();
        MasterKey key = open();
        int before = asked().size();
        try (KeyManager kms = KeyManager.builder().masterKey(key).build()) {
            List<RecipientKey> told = kms.recipients(message);
            assertEquals(MOST_RECIPIENTS, told.size());
            assertTrue(told.stream().allMatch(one -> one.kind() == RecipientKey.Kind.UNKNOWN), told::toString);
            assertThrows(
                    NoMatchingRecipientException.class,
                    () -> kms.rewrap(message).toMasterKeys().toBytes());
            askedNobody(before);
        }
    }

    @Test
    void decrypt_ownRecipientBehindHostileOnes_opens() throws Exception {
        List<Recipient> forged = forged(own());
        byte[] message = sealed(forged.subList(0, MOST_RECIPIENTS - 1), open());
        try (KeyManager kms = KeyManager.builder().masterKey(open()).build()) {
            assertEquals("hello", kms.decrypt(message).toText());
        }
    }

    // ---- what is forged

    /** What the provider's key itself writes. */
    private Recipient own() throws Exception {
        try (MasterKey key = open();
                SecretBytes material = SecretBytes.owning(new byte[32])) {
            return key.wrap(material, BINDING);
        }
    }

    private static Set<Integer> otherKinds(int own) {
        Set<Integer> kinds = new LinkedHashSet<>();
        for (RecipientKind kind : RecipientKind.values()) {
            kinds.add(kind.id());
        }
        kinds.addAll(List.of(8, 200, 240, 255)); // nobody's, and private ones
        // Public keys must be announced in a header, which no sealer of this release can do.
        kinds.removeAll(
                List.of(RecipientKind.HPKE_X25519.id(), RecipientKind.HPKE_X_WING.id(), RecipientKind.RSA_OAEP.id()));
        kinds.remove(own);
        return kinds;
    }

    private List<Recipient> forged(Recipient own) throws Exception {
        byte[] id = own.id();
        String text = new String(id, StandardCharsets.UTF_8);
        String address = trap.address();
        List<String> ids = new ArrayList<>(hostileIds(address, library.toString()));
        ids.addAll(List.of(
                address,
                "http://" + address + "/latest/meta-data",
                "https://" + address + "/",
                "http://169.254.169.254/latest/meta-data",
                "${jndi:ldap://" + address + "/x}",
                "\r\nHost: " + address,
                "file://" + library,
                "pkcs11:?module-path=" + library,
                "pkcs11:token=x;object=x?module-path=" + library,
                "../../../../etc/passwd",
                text + "?endpoint=http://" + address,
                text + "@" + address,
                text + "\0",
                text + " ",
                text.toUpperCase(Locale.ROOT),
                text.toLowerCase(Locale.ROOT)));
        try (MasterKey key = open()) {
            ids.add(key.uri());
        }
        for (int number = 0; number < MOST_RECIPIENTS; number++) {
            ids.add(foreignId(number));
        }
        Set<Recipient> forged = new LinkedHashSet<>();
        forged.add(new Recipient(own.kind(), Arrays.copyOf(id, Math.max(1, id.length - 1)), own.wrap()));
        for (String one : ids) {
            forged.add(new Recipient(own.kind(), one.getBytes(StandardCharsets.UTF_8), own.wrap()));
        }
        forged.remove(own); // a provider may take its URI for its id
        assertTrue(forged.size() >= MOST_RECIPIENTS, "foreignId gives another id for each number");
        return List.copyOf(forged).subList(0, MOST_RECIPIENTS);
    }

    /** Sealed by somebody who writes these recipients, and the one of {@code last} behind them if it is not null. */
    private static byte[] sealed(List<Recipient> forged, @Nullable MasterKey last) {
        KeyManagerBuilder sealer =
                KeyManager.builder().allowPassphraseBesideOthers().masterKey(new ForgedKey(0, forged.get(0)));
        for (int i = 1; i < forged.size(); i++) {
            sealer.alsoWrapWith(new ForgedKey(i, forged.get(i)));
        }
        if (last != null) {
            sealer.alsoWrapWith(last);
        }
        try (KeyManager kms = sealer.build()) {
            return kms.encrypt("hello").toBytes();
        }
    }
}
