"""Frames as charts, one file a subject; nothing is read or computed here.

Colours come from the theme, so that they stand out on white and on black. No chart says by colour
alone what it says: shapes, dashes, labels or the tooltip say it too.
"""
