"""The command's beginning: `batchyard`, and `python -m batchyard`."""

import os
import signal


def run() -> None:
    """Run the command; Ctrl-C before it is loaded ends it as quietly as Ctrl-C later."""
    try:
        from batchyard.command import main
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)
    main()


if __name__ == "__main__":
    run()
