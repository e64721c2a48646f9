"""`sparkify sample`: make a bucket of invented data."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from sparkify.command_line import Parser
from sparkify.commands import Result
from sparkify.errors import ConfigError
from sparkify.progress import Progress

HELP = "make a bucket of invented data"
EXAMPLES = ("sparkify sample bucket", "sparkify sample bucket --songs 100 --events 1000 --seed 7")


def add_options(parser: Parser) -> None:
    """See `Command`."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="where to put song_data and log_data")
    parser.add_argument("--songs", type=int, default=1_000, metavar="N", help="how many songs (default: 1,000)")
    parser.add_argument("--events", type=int, default=10_000, metavar="N", help="how many events (default: 10,000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="other data for another seed (default: 1)")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    from sparkify.sample import write_sample

    try:
        with progress.phase(f"write a sample into {options.folder}"):
            sample = write_sample(options.folder, options.songs, options.events, options.seed)
    except (ValueError, OSError) as e:
        raise ConfigError(f"{options.folder}: {e}") from e
    except KeyboardInterrupt as e:
        e.add_note(f"a part of the sample stays in {options.folder}; delete that folder before the next try")
        raise
    return Result(
        [f"{sample.songs:,} songs and {sample.events:,} events in {sample.files:,} files ({sample.bytes:,} bytes)"]
    )
