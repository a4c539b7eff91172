"""One file per fault, each with a `FAULT`; a new file here is a new fault, and nothing else is to be edited."""
