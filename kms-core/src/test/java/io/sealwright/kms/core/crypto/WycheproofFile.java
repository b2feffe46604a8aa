package io.sealwright.kms.core.crypto;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One file of C2SP/wycheproof, run whole: every case is either executed or explained, and the sum must be the file's
 * own {@code numberOfTests}.
 */
final class WycheproofFile {
    /** The count of executed cases in the result of {@link #run}. */
    static final String EXECUTED = "executed";

    private final String name;
    private final JsonNode root;

    private WycheproofFile(String name, JsonNode root) {
        this.name = name;
        this.root = root;
    }

    /** Loads {@code /vectors/wycheproof/NAME_test.json.gz}; fails when it is missing. */
    static WycheproofFile load(String name) {
        return new WycheproofFile(name, Vectors.json("wycheproof/" + name + "_test.json.gz"));
    }

    /** What is done with a case. */
    interface Case {
        /** Executes the case and throws if it goes wrong, or says why it is not ours (not empty, and not executed). */
        Optional<String> run(JsonNode group, JsonNode test) throws Exception;
    }

    /** Runs every case; fails with a list of those that went wrong, or when not every case is accounted for. */
    Map<String, Integer> run(Case body) {
        Map<String, Integer> counts = new TreeMap<>();
        Set<Integer> ids = new HashSet<>();
        List<Throwable> failures = new ArrayList<>();
        for (JsonNode group : root.get("testGroups")) {
            for (JsonNode test : group.get("tests")) {
                int id = test.get("tcId").intValue();
                ids.add(id);
                try {
                    String outcome = body.run(group, test).orElse(EXECUTED);
                    counts.merge(outcome, 1, Integer::sum);
                } catch (Exception | AssertionError e) {
                    failures.add(new AssertionError(
                            name + " tcId " + id + " (" + test.get("comment").asText() + "): " + e, e));
                }
            }
        }
        if (!failures.isEmpty()) {
            AssertionError all = new AssertionError(
                    failures.size() + " cases failed, the first: "
                            + failures.get(0).getMessage(),
                    failures.get(0));
            failures.stream().skip(1).forEach(all::addSuppressed);
            throw all;
        }
        int declared = root.get("numberOfTests").intValue();
        int seen = counts.values().stream().mapToInt(Integer::intValue).sum();
        if (seen != declared || ids.size() != declared || counts.getOrDefault(EXECUTED, 0) == 0) {
            throw new AssertionError(name + " declares " + declared + " cases; " + seen + " with " + ids.size()
                    + " ids were accounted for: " + counts);
        }
        return counts;
    }

    static boolean isValid(JsonNode test) {
        String result = test.get("result").textValue();
        return switch (result) {
            case "valid" -> true;
            case "invalid" -> false;
            default -> throw new AssertionError("Result '" + result + "' needs a decision by flag.");
        };
    }

    static boolean hasFlag(JsonNode test, String flag) {
        for (JsonNode f : test.get("flags")) {
            if (f.textValue().equals(flag)) {
                return true;
            }
        }
        return false;
    }
}
