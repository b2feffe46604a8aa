package io.sealwright.kms.cli.doctor;

/** Something that is looked at. */
interface Check {
    /** What, in a word or two. */
    String subject();

    /**
     * Looks; creates and changes nothing. What it throws becomes a finding: {@link Doctor} knows the remedies of the
     * library's own errors.
     */
    void look(Patient patient, Report report);
}
