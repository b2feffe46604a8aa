package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** One request to the server. No record, since its body may hold a key or a password, and a record prints its parts. */
final class Request {
    private final String what;
    private final String path;
    private final @Nullable JsonObject body;

    private Request(String what, String path, @Nullable JsonObject body) {
        this.what = what;
        this.path = path;
        this.body = body;
    }

    /**
     * @param what what is done with which key, for errors
     * @param path behind {@code /v1/}; of safe characters alone
     */
    static Request get(String what, String path) {
        return new Request(what, path, null);
    }

    /** As {@link #get}, with a body. */
    static Request post(String what, String path, JsonObject body) {
        return new Request(what, path, body);
    }

    String what() {
        return what;
    }

    String path() {
        return path;
    }

    /** Null for GET. */
    @Nullable
    JsonObject body() {
        return body;
    }

    @Override
    public String toString() {
        return "Request[" + what + "]";
    }
}
