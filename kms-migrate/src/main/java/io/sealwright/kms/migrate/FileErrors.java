package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** What the file system says, as an error of the family. */
final class FileErrors {
    private FileErrors() {}

    static StoreException failed(String what, IOException cause) {
        return new StoreException(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                what,
                reason(cause),
                "Check the name, the permissions and the room on the disk; the file is as it was.",
                cause);
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "It is not there.";
        }
        if (e instanceof AccessDeniedException) {
            return "Permission was denied.";
        }
        String text = e instanceof FileSystemException system && system.getReason() != null
                ? system.getReason()
                : String.valueOf(e.getMessage());
        return text.endsWith(".") ? text : text + ".";
    }
}
