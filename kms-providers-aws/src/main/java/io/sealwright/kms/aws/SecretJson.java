package io.sealwright.kms.aws;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object (RFC 8259) as text, of which one member is read and replaced while everything else stays as it is, letter
 * by letter: other programs' fields stand beside ours. Strict; a name stands at most once.
 */
final class SecretJson {
    private static final int MOST_DEPTH = 32;

    /** Where a member's value stands, and what it is if it is a text. No record: it may be a key. */
    private static final class Member {
        final int from;
        final int to;
        final @Nullable String text;

        Member(int from, int to, @Nullable String text) {
            this.from = from;
            this.to = to;
            this.text = text;
        }
    }

    private final String json;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private int at;
    private int end;

    private SecretJson(String json) {
        this.json = json;
    }

    /** Null if it is no object. */
    static @Nullable SecretJson parse(String json) {
        SecretJson parsed = new SecretJson(json);
        try {
            parsed.read();
            return parsed;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** An object with this member alone. The value needs no escapes. */
    static String of(String name, String value) {
        return "{\"" + name + "\":\"" + value + "\"}";
    }

    boolean has(String name) {
        return members.containsKey(name);
    }

    /** Null if it is not there, or no text. */
    @Nullable
    String text(String name) {
        Member member = members.get(name);
        return member == null ? null : member.text;
    }

    /** The object with that member set to a text that needs no escapes. */
    String with(String name, String value) {
        Member member = members.get(name);
        if (member != null) {
            return json.substring(0, member.from) + "\"" + value + "\"" + json.substring(member.to);
        }
        return json.substring(0, end) + (members.isEmpty() ? "" : ",") + "\"" + name + "\":\"" + value + "\""
                + json.substring(end);
    }

    @Override
    public String toString() {
        return "SecretJson" + members.keySet();
    }

    private void read() {
        space();
        demand('{');
        space();
        if (!peek('}')) {
            do {
                space();
                String name = string();
                space();
                demand(':');
                space();
                int from = at;
                String text = peek('"') ? string() : null;
                if (text == null) {
                    value(1);
                }
                if (members.put(name, new Member(from, at, text)) != null) {
                    throw wrong();
                }
                space();
            } while (take(','));
        }
        end = at;
        demand('}');
        space();
        if (at != json.length()) {
            throw wrong();
        }
    }

    private void value(int depth) {
        if (depth > MOST_DEPTH) {
            throw wrong();
        }
        if (peek('"')) {
            String unused = string();
        } else if (take('{')) {
            space();
            if (!take('}')) {
                do {
                    space();
                    String unused = string();
                    space();
                    demand(':');
                    space();
                    value(depth + 1);
                    space();
                } while (take(','));
                demand('}');
            }
        } else if (take('[')) {
            space();
            if (!take(']')) {
                do {
                    space();
                    value(depth + 1);
                    space();
                } while (take(','));
                demand(']');
            }
        } else {
            scalar();
        }
    }

    private void scalar() {
        int from = at;
        while (at < json.length() && "+-.0123456789abcdefghijklmnopqrstuvwxyzE".indexOf(json.charAt(at)) >= 0) {
            at++;
        }
        if (!json.substring(from, at)
                .matches("true|false|null|-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,5})?")) {
            throw wrong();
        }
    }

    private String string() {
        demand('"');
        StringBuilder out = new StringBuilder();
        while (at < json.length()) {
            char c = json.charAt(at++);
            if (c == '"') {
                return out.toString();
            }
            if (c < 0x20) {
                throw wrong();
            }
            out.append(c == '\\' ? escaped() : c);
        }
        throw wrong();
    }

    private char escaped() {
        if (at == json.length()) {
            throw wrong();
        }
        char c = json.charAt(at++);
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                if (at + 4 > json.length() || !json.substring(at, at + 4).matches("[0-9A-Fa-f]{4}")) {
                    throw wrong();
                }
                at += 4;
                yield (char) Integer.parseInt(json.substring(at - 4, at), 16);
            }
            default -> throw wrong();
        };
    }

    private void space() {
        while (at < json.length() && " \t\r\n".indexOf(json.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean peek(char c) {
        return at < json.length() && json.charAt(at) == c;
    }

    private boolean take(char c) {
        boolean there = peek(c);
        if (there) {
            at++;
        }
        return there;
    }

    private void demand(char c) {
        if (!take(c)) {
            throw wrong();
        }
    }

    private static IllegalArgumentException wrong() {
        return new IllegalArgumentException("no JSON object");
    }
}
