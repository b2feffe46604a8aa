package io.sealwright.kms.migrate;

import java.util.Optional;

/** Where a job keeps how far it is. */
interface Checkpoint {
    /** Nowhere: a job that is stopped begins anew, and finds done what is done. */
    Checkpoint NONE = new Checkpoint() {
        @Override
        public Optional<State> load(String job) {
            return Optional.empty();
        }

        @Override
        public void save(State state) {}

        @Override
        public void clear(String job) {}
    };

    /** What was saved last; empty if nothing was. */
    Optional<State> load(String job);

    /** Replaces what is there, as a whole or not at all. */
    void save(State state);

    /** The job is done. */
    void clear(String job);
}
