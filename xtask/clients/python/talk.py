"""What the scripts of all Python clients share: their command line, what they say, and the records of `check`.

SCRIPT produce BOOTSTRAP TOPIC COUNT    produces the numbers below COUNT with an idempotent producer
SCRIPT consume BOOTSTRAP TOPIC GROUP    reads as a member of GROUP until it is killed; commits after it has said what it read
SCRIPT check BOOTSTRAP PREFIX           tries what the client can do, on topics that begin with PREFIX

Said on standard output, a line each: `acked N N ...`, `assigned COUNT`, `read N N ...`. Exit status 0: all went well.
"""
import sys
import threading

# How long any one call may take, in seconds.
PATIENCE = 60
# At most so many numbers to a line.
NUMBERS = 1000
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# Keys, values and headers that a record may have.
SHAPES = [
    (b"key", b"value", [("a", b"1"), ("b", b""), ("a", b"2")]),
    (None, b"no key", []),
    (b"no value", None, []),
    (b"", b"", []),
    (bytes(range(256)), bytes(range(256)) * 400, [("bytes", bytes(range(256)))]),
]


def say(word, *rest):
    sys.stdout.write(f"{word} {' '.join(map(str, rest))}\n")
    sys.stdout.flush()


class Acknowledged:
    """Collects the numbers that were acknowledged, by whatever thread, and says them some at a time."""

    def __init__(self):
        self.numbers = []
        self.lock = threading.RLock()

    def add(self, number):
        with self.lock:
            self.numbers.append(number)
            if len(self.numbers) == NUMBERS:
                self.flush()

    def flush(self):
        with self.lock:
            if self.numbers:
                say("acked", *self.numbers)
                self.numbers = []


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: found {found!r}, wanted {wanted!r}")


def main(commands):
    """Runs the command that was asked for; a command is a function of the arguments after its name."""
    try:
        command, arguments = commands[sys.argv[1]], sys.argv[2:]
    except (IndexError, KeyError):
        sys.exit(__doc__)
    command(*arguments)
