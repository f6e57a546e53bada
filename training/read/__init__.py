"""Readers of the forms in which FER-2013 goes about: Kaggle's CSV files, and folders of images.

::

    fer2013.csv        emotion,pixels,Usage           the competition's file, or gzipped
    icml_face_data.csv emotion, Usage, pixels         the same rows, columns in another order
    archive/           train/happy/*.jpg, test/...    the folder form
    fer2013new.csv     FER+ votes                     row for row beside one of the CSV files
"""

from pathlib import Path

from training.data import DataSet
from training.read.csv_file import read_csv
from training.read.image_folder import read_folder
from training.read.votes import add_votes

__all__ = ["read_data"]


def read_data(path: Path, votes: Path | None = None) -> DataSet:
    """Read a data set in any of its forms.

    Parameters
    ----------
    path
        A CSV file, plain or gzipped, or a folder of images.
    votes
        FER+'s ``fer2013new.csv``, where it is wanted.

    Raises
    ------
    DataError
        If it is missing, damaged, no data set, or more than one in a hundred faces are bad.
    """
    data = read_folder(path) if path.is_dir() else read_csv(path)
    return data if votes is None else add_votes(data, votes)
