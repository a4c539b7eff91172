"""The cluster service: an HTTP API on the head that alone holds the keys to Ray and to the store."""
