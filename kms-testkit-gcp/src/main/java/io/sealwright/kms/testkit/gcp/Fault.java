package io.sealwright.kms.testkit.gcp;

/** What may happen on the way to {@link FakeGoogleCloud}, below gRPC. */
public enum Fault {
    /** Requests and answers pass. */
    NONE,
    /** Requests pass, answers are held until the fault ends: a stalled server, a network that loses packets. */
    SILENT,
    /** Answers come byte by byte, ten a second. */
    DRIP,
    /** The next answer of a connection is cut in the middle, and the connection closed. */
    CUT,
    /** A connection is reset as soon as a request comes. */
    RESET,
    /** Connections are refused or reset at once: as near to nobody listening as a port that is kept can come. */
    UNREACHABLE
}
