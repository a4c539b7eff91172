"""Programs that measure the service, and searches of the size that it is made for."""
