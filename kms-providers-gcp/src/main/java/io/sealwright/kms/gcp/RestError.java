package io.sealwright.kms.gcp;

import com.google.api.client.http.HttpResponseException;
import com.google.api.gax.rpc.StatusCode;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import org.jspecify.annotations.Nullable;

/**
 * Google's error as it comes over HTTP and JSON (google.aip.dev/193): {@code {"error":{"status":…,"message":…,"details":[…]}}}.
 * The client itself looks at the status of HTTP alone, under which several codes are one.
 *
 * @param reason of google.rpc.ErrorInfo, or empty
 * @param violation the first type in google.rpc.PreconditionFailure, or empty
 */
record RestError(StatusCode.Code code, String message, String reason, String violation) {
    /** Null if what came is none: a page, an answer over gRPC. */
    static @Nullable RestError of(Throwable answer) {
        for (Throwable e = answer; e != null; e = e.getCause()) {
            if (e instanceof HttpResponseException response) {
                return response.getContent() == null ? null : parsed(response.getContent());
            }
        }
        return null;
    }

    private static @Nullable RestError parsed(String content) {
        try {
            JsonObject error = JsonParser.parseString(content).getAsJsonObject().getAsJsonObject("error");
            if (error == null) {
                return null;
            }
            String reason = "";
            String violation = "";
            if (error.has("details")) {
                for (JsonElement detail : error.getAsJsonArray("details")) {
                    JsonObject fields = detail.getAsJsonObject();
                    String type = text(fields, "@type");
                    if (type.endsWith("/google.rpc.ErrorInfo")) {
                        reason = text(fields, "reason");
                    } else if (type.endsWith("/google.rpc.PreconditionFailure") && fields.has("violations")) {
                        JsonElement first = fields.getAsJsonArray("violations").get(0);
                        violation = text(first.getAsJsonObject(), "type");
                    }
                }
            }
            StatusCode.Code code = StatusCode.Code.valueOf(text(error, "status"));
            return new RestError(code, text(error, "message"), reason, violation);
        } catch (JsonParseException
                | IllegalStateException
                | IllegalArgumentException
                | ClassCastException
                | IndexOutOfBoundsException
                | UnsupportedOperationException e) {
            return null; // not of that form; the text may be anybody's
        }
    }

    private static String text(JsonObject object, String name) {
        return object.has(name) ? object.get(name).getAsString() : "";
    }
}
