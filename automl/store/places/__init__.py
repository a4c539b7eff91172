"""Where a store lies: one interface over folders on a disk and buckets in an object store."""

from automl.store.places.locate import locate
from automl.store.places.place import Place, WorkFolder, safe_name

__all__ = ["Place", "WorkFolder", "locate", "safe_name"]
