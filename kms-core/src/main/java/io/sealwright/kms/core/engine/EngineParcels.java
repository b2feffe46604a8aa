package io.sealwright.kms.core.engine;

import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderReader;
import io.sealwright.kms.core.namedkey.Parcels;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.spi.MasterKey;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Exports and backups are streams with a context that users cannot state. */
final class EngineParcels implements Parcels {
    private final DefaultKeyManager kms;
    private final MasterKeys masterKeys;

    EngineParcels(DefaultKeyManager kms, MasterKeys masterKeys) {
        this.kms = kms;
        this.masterKeys = masterKeys;
    }

    @Override
    public List<String> masterKeys() {
        return masterKeys.wrapping().stream().map(MasterKey::uri).toList();
    }

    @Override
    public EncryptingOutputStream seal(EncryptionContext context, @Nullable String masterKey, OutputStream to)
            throws IOException {
        StreamCalls.EncryptingStream stream = new StreamCalls.EncryptingStream(kms, to);
        stream.reservedContext(context);
        if (masterKey != null) {
            stream.masterKey(masterKey);
        }
        return stream.open();
    }

    @Override
    public InputStream open(Content content, InputStream from) throws IOException {
        kms.demandOpen();
        HeaderReader.Start start = HeaderReader.readParcel(from);
        Header header = start.header();
        if (!content.isIn(header.context())) {
            throw new MalformedMessageException(
                    "This is no " + content.text() + ".",
                    header.context().hasReservedNames()
                            ? "It holds something else that left a store."
                            : "It is a message, which only decrypt opens.",
                    "Check which file was given.");
        }
        OpenPolicy policy = OpenPolicy.plain(header.context());
        return StreamCalls.opened(kms, start, CallOptions.NO_DATA, policy);
    }
}
