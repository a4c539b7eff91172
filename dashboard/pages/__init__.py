"""One file a page: it defines TITLE, ICON, ORDER and ``page()``. There is no other list of pages."""
