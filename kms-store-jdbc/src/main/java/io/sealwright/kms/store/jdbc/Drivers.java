package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import java.sql.Driver;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds database drivers, which are the application's to add. */
enum Drivers {
    SQLITE("SQLite", "org.sqlite.JDBC", "org.xerial:sqlite-jdbc"),
    POSTGRESQL("PostgreSQL", "org.postgresql.Driver", "org.postgresql:postgresql");

    private final String product;
    private final String className;
    private final String artifact;

    Drivers(String product, String className, String artifact) {
        this.product = product;
        this.className = className;
        this.artifact = artifact;
    }

    /**
     * The driver, if it is there: beside this library, or where the application's thread looks.
     *
     * @throws ConfigurationException if it is there and does not start
     */
    Optional<Driver> find() {
        return load(Drivers.class.getClassLoader())
                .or(() -> load(Thread.currentThread().getContextClassLoader()));
    }

    /**
     * The driver.
     *
     * @throws ConfigurationException if it is not there, or does not start
     */
    Driver require(String place) {
        return find().orElseThrow(() -> new ConfigurationException(
                "The store '" + place + "' cannot be opened.",
                "The " + product + " driver is not on the class path.",
                "Add the dependency " + artifact + "."));
    }

    private Optional<Driver> load(@Nullable ClassLoader loader) {
        try {
            // Not by DriverManager, which hides drivers of loaders that this class does not see.
            return Optional.of(Class.forName(className, true, loader)
                    .asSubclass(Driver.class)
                    .getDeclaredConstructor()
                    .newInstance());
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        } catch (ReflectiveOperationException | LinkageError | ClassCastException e) {
            throw new ConfigurationException(
                    "The " + product + " driver does not start.",
                    "The class " + className + " is there but cannot be used.",
                    "See the cause; one version of " + artifact + " must be on the class path.",
                    e);
        }
    }
}
