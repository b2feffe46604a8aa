package io.sealwright.kms.vault;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;

/** Transit keys of the real OpenBao keep the contract of master keys, under the policy that the documentation gives. */
class VaultTransitContractTest extends VaultContract {
    private static final String MOUNT = "contract";

    private String backup = "";

    VaultTransitContractTest() {
        super(MOUNT, policy(), "keys/app");
    }

    @BeforeAll
    static void prepare() throws Exception {
        bao.mount("", MOUNT, "transit", "");
        for (String key : new String[] {"app", "other"}) {
            bao.root("POST", "contract/keys/" + key, "{\"exportable\":true,\"allow_plaintext_backup\":true}");
            bao.root("POST", "contract/keys/" + key + "/config", "{\"deletion_allowed\":true}");
        }
        permit(MOUNT, policy());
    }

    private static String policy() {
        String one = OpenBao.documentedPolicy(1).replace("transit/", "contract/");
        // HCL takes each path once: what every token needs stands in the first.
        String keys = one.substring(0, one.indexOf("path \"auth/"));
        return one + keys.replace("/app", "/other") + keys.replace("/app", "/missing");
    }

    private static MasterKey key(String name) {
        return VaultKeys.masterKey(options(), "contract/" + name);
    }

    @Override
    protected MasterKey open() {
        return key("app");
    }

    @Override
    protected MasterKey openOther() {
        return key("other");
    }

    @Override
    protected MasterKey openMissing() {
        return key("missing");
    }

    @Override
    protected Map<Situation, String> unsupported() {
        return Map.of(
                Situation.DISABLED,
                "the transit engine disables single versions, and for decryption alone (VaultTransitTest has that)");
    }

    @Override
    void befallKey(Situation situation) {
        switch (situation) {
            case PENDING_DELETION -> bao.root("DELETE", "contract/keys/app/soft-delete", null);
            case DELETED -> {
                backup = bao.root("GET", "contract/backup/app", null)
                        .get("data")
                        .asObject()
                        .getString("backup");
                bao.root("DELETE", "contract/keys/app", null);
            }
            default -> throw new UnsupportedOperationException();
        }
    }

    @Override
    void mend(Situation situation) {
        switch (situation) {
            case PENDING_DELETION -> bao.root("POST", "contract/keys/app/soft-delete-restore", null);
            case DELETED -> bao.root("POST", "contract/restore/app", "{\"backup\":\"" + backup + "\"}");
            default -> {
                // Nothing befell the key.
            }
        }
    }
}
