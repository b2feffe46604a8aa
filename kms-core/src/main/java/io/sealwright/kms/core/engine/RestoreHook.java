package io.sealwright.kms.core.engine;

import java.lang.ref.WeakReference;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls {@code afterRestore} by itself where {@code org.crac} is on the class path. */
final class RestoreHook {
    private static final Logger LOG = LoggerFactory.getLogger(RestoreHook.class);

    private RestoreHook() {}

    static void register(DefaultKeyManager kms) {
        try {
            Class.forName("org.crac.Core", false, RestoreHook.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            return; // the optional dependency is not there, and nobody restores this process by it
        }
        kms.keepAlive(Registered.register(kms));
        LOG.debug("Registered with org.crac");
    }

    /** Touches the optional classes; loaded only if they are there. */
    private static final class Registered implements Resource {
        private final WeakReference<DefaultKeyManager> kms;

        private Registered(DefaultKeyManager kms) {
            this.kms = new WeakReference<>(kms);
        }

        static Object register(DefaultKeyManager kms) {
            Registered resource = new Registered(kms);
            Core.getGlobalContext().register(resource);
            return resource;
        }

        @Override
        public void beforeCheckpoint(Context<? extends Resource> context) {}

        @Override
        public void afterRestore(Context<? extends Resource> context) {
            DefaultKeyManager present = kms.get();
            if (present != null) {
                present.afterRestore();
            }
        }
    }
}
