"""What the tests of PyMongo's guide work with: restaurants, a client's commands, and a way to drive the async API."""

import gzip
import inspect
import itertools
import pathlib
import signal
import subprocess
import traceback

from bson import json_util
from pymongo import monitoring

root = pathlib.Path(__file__).resolve().parents[2]
data = root.parent / "shared" / "data" / "restaurants.ndjson.gz"

images = {"changeStreamPreAndPostImages": {"enabled": True}}

# An event that does not come would be waited for for ever.
seconds_max = 30


class Skipped(Exception):
    """Why a test cannot run here."""


class GaveUp(BaseException):
    """No ordinary error, since PyMongo takes some of those for a failure of the network and tries again."""


class Blocking:
    """An object of PyMongo's async API that is used as if it were of the other one: what it returns has been awaited."""

    def __init__(self, target, loop):
        self._target = target
        self._loop = loop

    def _plain(self, value):
        if inspect.isawaitable(value):
            value = self._loop.run_until_complete(value)
        of_driver = type(value).__module__.startswith("pymongo.asynchronous")
        return Blocking(value, self._loop) if of_driver else value

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if not inspect.isroutine(value):
            return self._plain(value)
        return lambda *args, **options: self._plain(value(*args, **{k: bare(v) for k, v in options.items()}))

    def __getitem__(self, name):
        return self._plain(self._target[name])

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self._plain(self._target.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self):
        self._plain(self._target.__aenter__())
        return self

    def __exit__(self, *error):
        self._plain(self._target.__aexit__(*error))


def bare(value):
    return value._target if isinstance(value, Blocking) else value


class Commands(monitoring.CommandListener):
    """What a client sends, and is answered."""

    def __init__(self):
        self.sent = []
        self.replies = []

    def started(self, event):
        self.sent.append((event.command_name, event.command))

    def succeeded(self, event):
        self.replies.append((event.command_name, event.reply))

    def failed(self, event):
        pass

    def clear(self):
        self.sent.clear()
        self.replies.clear()

    def of(self, *names):
        return [command for name, command in self.sent if name in names]

    def cursors(self):
        return [reply["cursor"] for name, reply in self.replies if name in ("aggregate", "getMore")]


def read_restaurants():
    """All restaurants of the guides' data set, or where that is missing those of the demo."""
    if data.exists():
        with gzip.open(data, "rt", encoding="utf-8") as lines:
            return [json_util.loads(line) for line in lines]
    print(f"skipped: {data} is not there: the guide runs on the restaurants of the demo")
    script = """
        import { EJSON } from 'bson'
        import { restaurants } from './demo/restaurants.mjs'
        console.log(EJSON.stringify(restaurants))
    """
    command = ["node", "--input-type=module", "--eval", script]
    return json_util.loads(subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout)


restaurants = read_restaurants()
castle_at = next(i for i, document in enumerate(restaurants) if document["name"] == "Blarney Castle")
some_restaurants = restaurants[max(0, castle_at - 20) : castle_at + 20]


class Place:
    """What one test has: a client, what that sends, and restaurants in a database of the test's own."""

    numbers = itertools.count()

    def __init__(self, client, commands):
        self.client = client
        self.commands = commands
        self.database = client[f"pymongo_{next(Place.numbers)}"]
        self.collection = self.database["restaurants"]

    def load(self):
        self.collection.insert_many([dict(document) for document in some_restaurants])
        self.commands.clear()
        return self.collection

    def load_with_images(self):
        self.database.create_collection("restaurants", **images)
        return self.load()


def give_up(*_):
    raise GaveUp(f"the test was not done after {seconds_max} seconds")


class Results:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def run(self, title, test, *arguments):
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(seconds_max)
        try:
            test(*arguments)
            self.passed += 1
        except Skipped as reason:
            self.skipped += 1
            print(f"skipped: {title}: {reason}")
        except (Exception, GaveUp) as error:
            self.failed += 1
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
            where = "".join(traceback.format_list(frames[1:]))
            print(f"failed: {title}\n{where}{type(error).__name__}: {error}\n", flush=True)
        finally:
            signal.alarm(0)
