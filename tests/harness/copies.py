"""A loaded warehouse once more, without another load."""

import os
import shutil

from harness.warehouse import Sparkify


def copied(model: Sparkify, sparkify: Sparkify) -> Sparkify:
    """A warehouse in DuckDB and its bucket, with what a model of both holds.

    The objects are the files of the model, under a second name: a load knows a file by its inode, and takes it for
    loaded. `Sparkify.put` replaces a file, so the model keeps its own.
    """
    (sparkify.bucket / "log_json_path.json").unlink()
    shutil.copytree(model.bucket, sparkify.bucket, copy_function=os.link, dirs_exist_ok=True)
    shutil.copyfile(model.database, sparkify.database)
    return sparkify
