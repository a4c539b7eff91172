"""Larger parts of pages, one file each: they choose and place, as pages do."""
