"""Samplers, one file each; `automl.catalog` finds them by file name."""
