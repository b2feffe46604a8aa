package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.MasterKeys;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Problem;
import io.sealwright.kms.MasterKeys.Use;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;

/** Every stored key: its row is authentic, each of its wraps opens, and under which versions of the master key they are. */
final class StoredKeysCheck implements Check {
    private static final int MOST_TOLD = 10;

    @Override
    public String subject() {
        return "stored keys";
    }

    @Override
    public void look(Patient patient, Report report) {
        if (!patient.hasStore()) {
            report.skip("there is no store");
            return;
        }
        if (!patient.hasMasterKey() || !patient.storeOpens()) {
            report.skip("master key or store was not opened");
            return;
        }
        MasterKeys masterKeys = patient.both().masterKeys();
        Examined examined;
        try {
            examined = patient.examined();
        } catch (StoreException e) {
            if (e.code() != ErrorCode.KMS_STORE_CORRUPT) {
                throw e;
            }
            // The store's own key: without it nothing can be restored into this store.
            StoreCheck.putAside(patient, report, e.what() + " " + e.why() + " [" + e.code() + "]");
            return;
        }
        int told = 0;
        for (Problem problem : examined.problems()) {
            if (told++ == MOST_TOLD) {
                report.advise(
                        (examined.problems().size() - MOST_TOLD) + " more are wrong.",
                        "Mend those above, and ask again.");
                break;
            }
            KmsException error = problem.error();
            report.advise(
                    "The " + problem.subject().replaceFirst("^the ", "") + ": " + error.what() + " " + error.why()
                            + " [" + error.code() + "]",
                    error.code() == ErrorCode.KMS_STORE_CORRUPT ? StoreCheck.restore(patient) : error.remedy());
        }
        if (examined.outdated() > 0 && examined.problems().isEmpty()) {
            report.mend(
                    examined.outdated() + " of " + examined.keys()
                            + " stored keys are not under the newest version of the master key.",
                    patient.kms("master-key rotate --to "
                            + Shell.uri(masterKeys.uris().get(0))));
        }
        for (Use use : examined.uses()) {
            report.healthy(use.masterKey() + " version " + use.version() + (use.newest() ? " (newest)" : "") + ": "
                    + use.wraps() + (use.wraps() == 1 ? " wrap" : " wraps"));
        }
        if (examined.unknown() > 0) {
            report.healthy(examined.unknown() + " wraps are by master keys that are not configured here");
        }
    }
}
