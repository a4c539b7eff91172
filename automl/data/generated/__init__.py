"""Generated rows: what they are compared by, and how people look at them."""
