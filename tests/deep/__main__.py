"""Run the deep tests, one after the other.

python -m tests.deep                          all of them, up to an hour each
python -m tests.deep exact guard --minutes 5  these, for five minutes each
FASTDNN_TEST_SEED=7 python -m tests.deep exact    again with the seed of another run

In a checkout this needs an editable install (CONTRIBUTING.md). A fault in a kernel ends the process.
"""

import argparse
import faulthandler
import importlib
import os
import pkgutil
import sys
import time

from arrays_for_tests import fresh_seed

from fastdnn import _core

from . import __path__ as folder


def rows():
    """The modules of this package that are tests."""
    names = sorted(module.name for module in pkgutil.iter_modules(folder))
    modules = {name: importlib.import_module(f".{name}", __package__) for name in names if name != "__main__"}
    return {name: module for name, module in modules.items() if hasattr(module, "main")}


def main():
    """Run what the command line asks for; the status is the number of rows that failed."""
    modules = rows()
    parser = argparse.ArgumentParser(
        prog="python -m tests.deep", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    heads = "\n".join(f"{name:12} {module.__doc__.splitlines()[0]}" for name, module in modules.items())
    parser.add_argument("rows", nargs="*", metavar="ROW", help=heads)
    parser.add_argument("--minutes", type=float, default=60, help="at most, for each row (default: 60)")
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - set(modules)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(modules)}")

    faulthandler.enable()
    os.environ["FASTDNN_TEST_SEED"] = str(fresh_seed())
    print(f"unit {_core.build_info()['isa']}", flush=True)
    failed = []
    for name in arguments.rows or modules:
        print(f"--- {name}: {modules[name].__doc__.splitlines()[0]}", flush=True)
        begin = time.monotonic()
        try:
            modules[name].main(60 * arguments.minutes)
        except AssertionError as error:
            failed.append(name)
            print(f"FAILED {error}")
        print(f"    {time.monotonic() - begin:.0f} s", flush=True)
    print(f"=== {len(arguments.rows or modules) - len(failed)} passed, {len(failed)} failed ===")
    return len(failed)


sys.exit(main())
