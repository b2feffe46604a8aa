/**
 * Named keys: versions, states, manifests that are authenticated under the store's own key, and the material that this
 * process holds of them.
 *
 * <ul>
 *   <li>{@code NamedKeyRing}: what the engine and users see; hands everything on to the others. {@code ManagedKey} is one
 *       key of it.
 *   <li>{@code KnownKeys}: the only way to read a key from the store: verified, never older than seen before; tells of
 *       changes, by whomever. {@code KeyEntry} is what is known of one key, {@code VerifiedKey} one key as it was read.
 *   <li>{@code KeyMaterial}: material in memory, its loads (one for however many wait), refreshes and ages. {@code
 *       HeldVersion} is one version's; {@code UnknownIds} bounds looks for ids that do not exist.
 *   <li>{@code KeyLife}: what may happen to a key, and which state follows which. {@code KeyChanges} writes it, whole or
 *       not at all, against other processes; {@code VersionMaker} makes new versions.
 *   <li>{@code DueWork}: what is to be done for keys when its time has come, once among all processes.
 *   <li>{@code StoreBackups} writes backups; {@code StoreRestore} puts one back, {@code KeyRestore} one key of it, by the
 *       rules of {@code KeyMerge}.
 *   <li>{@code KeyCodes}: message authentication codes.
 *   <li>{@code StoreKeys}: the store's own key; {@code MasterKeys} wraps and unwraps what is stored, bound by {@code
 *       Bindings}.
 *   <li>The rows' bytes: {@code Manifest} (of {@code KeyRecord} and {@code VersionRecord}), {@code WrapList}, {@code
 *       StoreKeyRecord}, read by {@code RowReader}, authenticated by {@code StoreKey}.
 * </ul>
 */
@NullMarked
package io.sealwright.kms.core.namedkey;

import org.jspecify.annotations.NullMarked;
