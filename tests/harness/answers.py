"""A connection on which a test asks many questions."""

from contextlib import AbstractContextManager, closing

from harness.warehouse import Sparkify
from sparkify import config, warehouse
from sparkify.engines.engine import Engine
from sparkify.progress import Progress


def connected(sparkify: Sparkify) -> AbstractContextManager[Engine]:
    """The engine of a warehouse for questions, until the end of the block."""
    return closing(warehouse.connect(config.load(sparkify.config), Progress(detail="quiet"), read_only=True))
