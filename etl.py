"""Load what is new into the warehouse. `python etl.py --help` tells the options."""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    sys.exit(main(["etl", *sys.argv[1:]]))
