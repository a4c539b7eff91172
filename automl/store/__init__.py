"""Everything durable: records written once, and the tables that they are folded into."""

from automl.store.folder import Journal, SearchFolder
from automl.store.places import Place, WorkFolder
from automl.store.predictions import write_predictions
from automl.store.records import PredictionFile, Record
from automl.store.store import Store, open_store

__all__ = [
    "Journal",
    "Place",
    "PredictionFile",
    "Record",
    "SearchFolder",
    "Store",
    "WorkFolder",
    "open_store",
    "write_predictions",
]
