"""`python -m fastdnn` is the command `fastdnn`."""

import sys

from fastdnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
