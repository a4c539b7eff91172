"""Recordings: read, brought to one rate, checked."""
