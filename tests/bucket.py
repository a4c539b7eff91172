"""A real S3 server on loopback, for tests of what lies in a bucket."""

from benchmarks.faults.bucket import BUCKET, s3_server

__all__ = ["BUCKET", "s3_server"]
