package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.Json;
import io.github.jopenlibs.vault.json.JsonObject;
import io.github.jopenlibs.vault.json.JsonValue;
import io.github.jopenlibs.vault.json.ParseException;
import io.github.jopenlibs.vault.rest.Rest;
import io.github.jopenlibs.vault.rest.RestException;
import io.github.jopenlibs.vault.rest.RestResponse;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One server and namespace, reached over one shared client. Hands back the server's own structured answers alone;
 * everything else (no answer, a redirect, throttling, sealed, a proxy's page, cut JSON) is {@link UnavailableException}.
 * Sends each request once. Safe for concurrent use.
 */
final class VaultServer {
    /** The deepest nesting of an answer; the driver's parser descends by recursion. */
    private static final int MOST_DEPTH = 32;

    private final String address;
    private final String namespace;
    private final HttpClient client;

    /**
     * @param address scheme, host and port, without a slash at its end
     * @param namespace without slashes around it; empty for the root's
     */
    VaultServer(String address, String namespace, HttpClient client) {
        this.address = address;
        this.namespace = namespace;
        this.client = client;
    }

    String namespace() {
        return namespace;
    }

    boolean encrypted() {
        return address.startsWith("https:");
    }

    /**
     * Sends and waits.
     *
     * @param token null for a login
     * @return 200 or 204 with what is there, or 400, 403, 404, 405 with the server's own {@code errors} or {@code data}
     * @throws UnavailableException for anything else
     * @throws CallInterruptedException if interrupted; the flag stays
     */
    Answer send(Request request, @Nullable String token, Deadline deadline) {
        String what = request.what();
        Rest rest = new Rest(new GuardedHttpClient(client, deadline))
                .url(address + "/v1/" + request.path())
                .header("X-Vault-Token", token)
                .header("X-Vault-Namespace", namespace)
                .header("X-Vault-Request", "true");
        RestResponse response;
        try {
            JsonObject body = request.body();
            response = body == null
                    ? rest.get()
                    : rest.body(body.toString().getBytes(StandardCharsets.UTF_8))
                            .post();
        } catch (RestException e) {
            throw noAnswer(what, e, deadline);
        }
        int status = response.getStatus();
        return switch (status) {
            case 200 -> new Answer(what, status, json(what, response), text -> false);
            case 204 -> new Answer(what, status, new JsonObject(), text -> false);
            case 400, 403, 404, 405 -> {
                JsonObject body = json(what, response);
                Answer answer = new Answer(what, status, body, text -> !holdsSecret(text, request, token));
                // A deleted version of a KV secret is told by 404 with data, everything else by errors.
                if (!answer.hasErrors() && !answer.has("data")) {
                    throw notItsOwn(what, "HTTP " + status + " without an error of the server's own");
                }
                yield answer;
            }
            default -> throw refusedByStatus(what, status);
        };
    }

    /** Whether a text of the server (in lower case) repeats what was sent: a token, a password, a key. */
    private static boolean holdsSecret(String text, Request request, @Nullable String token) {
        if (token != null && text.contains(token.toLowerCase(Locale.ROOT))) {
            return true;
        }
        JsonObject sent = request.body();
        return sent != null
                && sent.names().stream()
                        .map(sent::get)
                        .anyMatch(value -> value.isString()
                                && text.contains(value.asString().toLowerCase(Locale.ROOT)));
    }

    private static JsonObject json(String what, RestResponse response) {
        if (!response.getMimeType().toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw notItsOwn(what, "HTTP " + response.getStatus() + " with something else than JSON");
        }
        String text = new String(response.getBody(), StandardCharsets.US_ASCII);
        if (tooDeep(text)) {
            throw notItsOwn(what, "JSON nested too deeply");
        }
        try {
            JsonValue value = Json.parse(text);
            if (value.isObject()) {
                return value.asObject();
            }
        } catch (ParseException e) {
            // The exception's text tells a position only, but what follows says all there is to say.
        }
        throw notItsOwn(what, "HTTP " + response.getStatus() + " with JSON that is cut or no object");
    }

    private static boolean tooDeep(String json) {
        int depth = 0;
        boolean inString = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c == '"') {
                inString = !inString;
            } else if (inString) {
                if (c == '\\') {
                    i++;
                }
            } else if (c == '{' || c == '[') {
                if (++depth > MOST_DEPTH) {
                    return true;
                }
            } else if (c == '}' || c == ']') {
                depth--;
            }
        }
        return false;
    }

    private RuntimeException noAnswer(String what, RestException wrapper, Deadline deadline) {
        Throwable cause = wrapper.getCause() == null ? wrapper : wrapper.getCause();
        if (Thread.currentThread().isInterrupted()) {
            return CallInterruptedException.during(what, cause);
        }
        String why;
        String remedy;
        if (cause instanceof HttpTimeoutException && deadline.passed()) {
            why = "No whole answer came within " + deadline.whole().toMillis() + " ms.";
            remedy = "Repeat the call; check the server's load and the network, or set a longer deadline.";
        } else if (has(cause, UnresolvedAddressException.class)) {
            why = "The server's host name does not resolve.";
            remedy = "Check VAULT_ADDR and the name service.";
        } else if (has(cause, SSLException.class)) {
            why = "TLS failed, for example because the server's certificate is not trusted here.";
            remedy = "Check VAULT_CACERT, VAULT_CLIENT_CERT and the host in VAULT_ADDR; the cause says more.";
        } else if (has(cause, ConnectException.class)) {
            why = "The server takes no connection.";
            remedy = "Check that it runs and that VAULT_ADDR is right; repeating may help.";
        } else {
            why = "The connection failed before the whole answer came.";
            remedy = "Repeat the call; check the server and what lies between; the cause says more.";
        }
        return new UnavailableException("The server gave no answer: " + what + ".", why, remedy, cause);
    }

    private static boolean has(@Nullable Throwable failure, Class<? extends Throwable> type) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (type.isInstance(e)) {
                return true;
            }
        }
        return false;
    }

    private static UnavailableException refusedByStatus(String what, int status) {
        String why;
        String remedy;
        if (status == 429) {
            why = "The server throttles its callers (HTTP 429).";
            remedy =
                    "Repeat later; look at the server's rate limit quotas and at how many encryption contexts are used.";
        } else if (status == 503) {
            why = "The server is sealed, starting, or out of service (HTTP 503).";
            remedy = "Unseal it, or wait until it has started; repeating helps then.";
        } else if (status >= 300 && status < 400) {
            why = "It answered with a redirect (HTTP " + status
                    + "), which is not followed: credentials would go along.";
            remedy = "Give the address of the active server or of its load balancer.";
        } else {
            why = "It answered with HTTP " + status + ".";
            remedy = "Check the server's log and what lies between; repeating may help.";
        }
        return new UnavailableException("The server gave no usable answer: " + what + ".", why, remedy);
    }

    private static UnavailableException notItsOwn(String what, String found) {
        return new UnavailableException(
                "The server gave no usable answer: " + what + ".",
                "What came is not an answer of Vault or OpenBao: " + found + ".",
                "Check the address, and whether a proxy stands between; repeating may help.");
    }
}
