"""published: our int8 files beside those that authors published, and what each kind costs."""
