"""Data: read, checked, split, and encoded by a preprocessing that was fitted on the training rows alone."""

from automl.data.generated.samples import sample_files
from automl.data.prediction import read_for_prediction
from automl.data.prepare import Prepared, prepare
from automl.data.preprocessing import Preprocessing
from automl.data.raw import RawData
from automl.data.read import read
from automl.data.registered import RegisteredData

__all__ = [
    "Prepared",
    "Preprocessing",
    "RawData",
    "RegisteredData",
    "prepare",
    "read",
    "read_for_prediction",
    "sample_files",
]
