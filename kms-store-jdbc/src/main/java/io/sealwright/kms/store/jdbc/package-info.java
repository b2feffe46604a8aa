/** Named keys in a database: SQLite for one machine, PostgreSQL for more. */
@NullMarked
package io.sealwright.kms.store.jdbc;

import org.jspecify.annotations.NullMarked;
