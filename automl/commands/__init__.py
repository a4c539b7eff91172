"""The commands of the command line, by what they are for; `automl/cli.py` puts them together."""
