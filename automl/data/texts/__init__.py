"""Texts: which columns hold them, and the tokens they are cut into."""
