"""A further machine's part of a training: `python -m tunesmith.tune.launch.node REQUEST PROCESSES`.

NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT are set as on the first machine, where `tunesmith
tune` runs and has written REQUEST.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tunesmith.errors import TunesmithError
from tunesmith.io import read_json
from tunesmith.tune.launch.spawn import train_together


def main(request_file: str, processes: str) -> int:
    """Train with the other machines; returns the exit status."""
    try:
        train_together(
            read_json(Path(request_file)),
            processes=int(processes),
            log=Path(request_file).with_name("train.log"),
            emit=None,
        )
    except TunesmithError as error:
        sys.stderr.write(f"tunesmith: {error.message}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
