"""From the location that a user names to the place that it means."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse

from automl.errors import RequestError
from automl.store.places.disk import DiskPlace
from automl.store.places.place import Place

BUCKETS = ("s3", "s3a", "gs", "az", "abfss")  # the schemes of object stores


def locate(location: str) -> Place:
    """The place at a path, a ``file://`` URL, or the URL of a bucket such as ``s3://bucket/folder``.

    Raises:
        RequestError: it is none of these.
    """
    url = urlparse(location)
    if "://" not in location:
        return DiskPlace(Path(location).expanduser().absolute())
    if url.scheme == "file" and url.netloc in ("", "localhost"):
        return DiskPlace(Path(unquote(url.path)).absolute())
    if url.scheme in BUCKETS and url.netloc:
        if url.username or url.password or url.query:
            raise RequestError(
                "A store's URL carries no credentials and no options: they come from the environment of the "
                "machine. Write s3://BUCKET/FOLDER."
            )
        from automl.store.places.objects import open_bucket

        return open_bucket(location)
    raise RequestError(
        f"The store must be a folder, a file:// URL or a bucket (s3://, gs://, az://), but got {location!r}."
    )
