/** Files that take the place of others; for the command line too, hence a package of its own. */
@org.jspecify.annotations.NullMarked
package io.sealwright.kms.migrate.replacement;
