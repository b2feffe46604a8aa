package io.sealwright.kms.testkit.gcp;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** Statuses as Google's services send them, with their details. */
final class Errors {
    private Errors() {}

    static StatusRuntimeException invalid(String text) {
        return of(Status.Code.INVALID_ARGUMENT, text);
    }

    static StatusRuntimeException notFound(String text) {
        return of(Status.Code.NOT_FOUND, text);
    }

    static StatusRuntimeException of(Status.Code code, String text, Message... details) {
        com.google.rpc.Status.Builder status =
                com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage(text);
        for (Message detail : details) {
            status.addDetails(Any.pack(detail));
        }
        return StatusProto.toStatusRuntimeException(status.build());
    }

    /** As IAM says it; "or it may not exist" is Google's, which tells strangers nothing. */
    static StatusRuntimeException denied(String permission, String resource, String preposition) {
        return of(
                Status.Code.PERMISSION_DENIED,
                "Permission '" + permission + "' denied " + preposition + " resource '" + resource
                        + "' (or it may not exist).",
                ErrorInfo.newBuilder()
                        .setReason("IAM_PERMISSION_DENIED")
                        .setDomain("iam.googleapis.com")
                        .putMetadata("permission", permission)
                        .putMetadata("resource", resource)
                        .build());
    }

    /** As Cloud KMS says it of a version that is not enabled. */
    static StatusRuntimeException notEnabled(String version, String state) {
        return of(
                Status.Code.FAILED_PRECONDITION,
                version + " is not enabled, current state is: " + state + ".",
                PreconditionFailure.newBuilder()
                        .addViolations(PreconditionFailure.Violation.newBuilder()
                                .setType(state.startsWith("DESTROY") ? "KEY_DESTROYED" : "KEY_DISABLED")
                                .setSubject(version))
                        .build());
    }

    static StatusRuntimeException precondition(String text) {
        return of(Status.Code.FAILED_PRECONDITION, text);
    }
}
