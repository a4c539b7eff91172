"""Measures of the dashboard, by a real browser over a real server."""
