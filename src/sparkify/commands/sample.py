"""`sparkify sample`: make a bucket of invented data."""

from __future__ import annotations

from argparse import Namespace

from sparkify.command_line import Parser, folder_path
from sparkify.commands import SAMPLE_EVENTS, SAMPLE_SEED, SAMPLE_SONGS, Result, write_sample
from sparkify.progress import Progress

HELP = "make a bucket of invented data"
EXAMPLES = ("sparkify sample bucket", "sparkify sample bucket --songs 100 --events 1000 --seed 7")


def add_options(parser: Parser) -> None:
    """See `Command`."""
    parser.add_argument("folder", metavar="DIR", type=folder_path, help="where to put song_data and log_data")
    for name, metavar, default, meaning in (
        ("--songs", "N", SAMPLE_SONGS, "how many songs"),
        ("--events", "N", SAMPLE_EVENTS, "how many events"),
        ("--seed", "S", SAMPLE_SEED, "other data for another seed"),
    ):
        words = f"{meaning} (default: {default:,})"
        parser.add_argument(name, type=int, default=default, metavar=metavar, help=words)


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    return Result([write_sample(options.folder, progress, options.songs, options.events, options.seed)])
