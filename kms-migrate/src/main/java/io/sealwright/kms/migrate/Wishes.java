package io.sealwright.kms.migrate;

import io.sealwright.kms.RewrapOptions;

/** Keeps what a re-wrapping is told, as far as it decides whether bodies may be encrypted anew. Not safe for concurrent use. */
final class Wishes implements RewrapOptions<Wishes> {
    private boolean associatedData;
    private boolean allowCompromised;
    private boolean removeUnknown;

    boolean hasAssociatedData() {
        return associatedData;
    }

    boolean allowsCompromised() {
        return allowCompromised;
    }

    boolean removesUnknown() {
        return removeUnknown;
    }

    @Override
    public Wishes associatedData(byte[] data) {
        associatedData = true;
        return this;
    }

    @Override
    public Wishes allowCompromised() {
        allowCompromised = true;
        return this;
    }

    @Override
    public Wishes removeUnknown() {
        removeUnknown = true;
        return this;
    }

    @Override
    public Wishes toMasterKeys() {
        return this;
    }

    @Override
    public Wishes add(String masterKeyUri) {
        return this;
    }

    @Override
    public Wishes remove(String masterKeyUri) {
        return this;
    }

    @Override
    public Wishes replace(String oldUri, String newUri) {
        return this;
    }
}
