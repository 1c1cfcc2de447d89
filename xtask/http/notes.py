"""Prints what REDbot notes of a resource, as JSON: its status, an error if it could not be had, and the notes."""

import json
import sys
from configparser import ConfigParser

import thor
from redbot.resource import HttpResource


def main(address):
    config = ConfigParser()
    config.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(config["redbot"])
    resource.set_request(address)

    @thor.events.on(resource)
    def check_done():
        thor.stop()

    resource.check()
    thor.run()
    error = resource.fetch_error.desc if resource.fetch_error else None
    print(json.dumps({"status": resource.response.status_code, "error": error, "notes": list(notes(resource))}))


def notes(resource):
    """Those of the answer and of the checks that ask again, with what they consist of."""
    todo = list(resource.response.notes)
    while todo:
        note = todo.pop(0)
        todo.extend(note.subnotes)
        yield {"level": note.level.name, "name": type(note).__name__, "summary": note.summary}


main(sys.argv[1])
