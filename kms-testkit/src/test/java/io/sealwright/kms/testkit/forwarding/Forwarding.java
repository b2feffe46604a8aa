package io.sealwright.kms.testkit.forwarding;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** Whether a class that forwards an interface forgets a method of it, or changes what is given or answered. */
public final class Forwarding {
    private static final InvocationHandler UNTOUCHED = (proxy, method, arguments) -> {
        throw new AssertionError(method + " was called on what is only to be handed on");
    };

    private Forwarding() {}

    /**
     * A test for each method of {@code type}, those with a default included.
     *
     * @param forwarding makes the object to be tested, on the one given
     * @param samples values of the classes that methods take or give, and that cannot be made up here
     */
    public static <T> Stream<DynamicTest> ofEach(Class<T> type, UnaryOperator<T> forwarding, Object... samples) {
        return Arrays.stream(type.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .map(method ->
                        DynamicTest.dynamicTest(method.getName(), () -> forwards(type, method, forwarding, samples)));
    }

    private static <T> void forwards(Class<T> type, Method method, UnaryOperator<T> forwarding, Object[] samples)
            throws ReflectiveOperationException {
        Object answer = sample(method.getReturnType(), samples);
        Object[] given = Arrays.stream(method.getParameterTypes())
                .map(parameter -> sample(parameter, samples))
                .toArray();
        List<Method> called = new ArrayList<>();
        List<Object> arrived = new ArrayList<>();
        T behind = proxy(type, (proxy, reached, arguments) -> {
            called.add(reached);
            arrived.addAll(arguments == null ? List.of() : List.of(arguments));
            return answer;
        });

        Object answered = method.invoke(forwarding.apply(behind), given);

        assertThat(called).containsExactly(method);
        assertThat(arrived).hasSameSizeAs(given);
        for (int i = 0; i < given.length; i++) {
            demandSame(method.getParameterTypes()[i], arrived.get(i), given[i]);
        }
        demandSame(method.getReturnType(), answered, answer);
    }

    private static void demandSame(Class<?> type, Object actual, Object expected) {
        if (type.isPrimitive()) {
            assertThat(actual).isEqualTo(expected);
        } else {
            assertThat(actual == expected).as("the same " + type).isTrue();
        }
    }

    /** Another one each time, and none that a method's default gives. */
    private static Object sample(Class<?> type, Object[] samples) {
        if (type == void.class) {
            return null;
        }
        if (type == boolean.class) {
            return true;
        }
        if (type == int.class) {
            return 77;
        }
        if (type == long.class) {
            return 77L;
        }
        if (type == String.class) {
            return UUID.randomUUID().toString();
        }
        if (type == byte[].class) {
            return new byte[1];
        }
        if (type == Optional.class) {
            return Optional.of(new Object());
        }
        if (type == Instant.class) {
            return Instant.now();
        }
        if (type.isInterface()) {
            return proxy(type, UNTOUCHED);
        }
        return Arrays.stream(samples)
                .filter(type::isInstance)
                .findFirst()
                .orElseThrow(() -> new AssertionError("the test gives no sample of " + type));
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(Forwarding.class.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
