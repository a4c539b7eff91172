"""What the pages show, as small frames, one file a subject: every function reads one snapshot and draws nothing."""
