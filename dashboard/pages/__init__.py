"""One file a page: it defines TITLE, ICON, ORDER and ``page()``. There is no other list of pages.

``HIDDEN = True`` keeps a page out of the navigation: one that shows a thing that its address names.
"""
