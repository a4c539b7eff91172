"""A spec that somebody is writing: its YAML is the one source of truth, for the form beside it too."""
