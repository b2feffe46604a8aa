package io.sealwright.kms.aws;

import java.lang.reflect.Method;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.DynamicTestInvocationContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.TestAbortedException;

/**
 * Tests that a server is known to fail, each with what it gets wrong. One that fails as known shows as aborted, with that
 * text; one that passes fails, since its entry is stale, and so does an entry that no test has.
 */
final class KnownDeviations implements InvocationInterceptor, AfterAllCallback {
    private final Map<String, String> deviations;
    private final Set<String> met = ConcurrentHashMap.newKeySet();

    /** @param deviations by the test's method, or {@code method: name} of a dynamic test */
    KnownDeviations(Map<String, String> deviations) {
        this.deviations = Map.copyOf(deviations);
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        run(invocation, method.getExecutable().getName());
    }

    @Override
    public void interceptDynamicTest(
            Invocation<Void> invocation, DynamicTestInvocationContext test, ExtensionContext context) throws Throwable {
        run(invocation, factory(context) + ": " + context.getDisplayName());
    }

    private static String factory(ExtensionContext context) {
        return context.getParent()
                .flatMap(ExtensionContext::getTestMethod)
                .map(Method::getName)
                .orElseThrow();
    }

    private void run(Invocation<Void> invocation, String name) throws Throwable {
        String deviation = deviations.get(name);
        if (deviation == null) {
            invocation.proceed();
            return;
        }
        met.add(name);
        try {
            invocation.proceed();
        } catch (TestAbortedException e) {
            throw new AssertionError("the entry '" + name + "' is stale: the test does not run", e);
        } catch (Throwable e) {
            throw new TestAbortedException("known deviation: " + Objects.requireNonNull(deviation), e);
        }
        throw new AssertionError("the entry '" + name + "' is stale: the test passes");
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (!met.containsAll(deviations.keySet())) {
            throw new AssertionError("deviations of no test: " + deviations.keySet() + ", met: " + met);
        }
    }
}
