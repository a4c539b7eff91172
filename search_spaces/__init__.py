"""One file per family of networks; adding an architecture is adding a file."""
