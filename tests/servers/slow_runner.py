"""A runner that takes its time and remembers each query it was asked.

`python slow_runner.py`: SLOW_RUNNER_S is the seconds a query takes, SLOW_RUNNER_LOG the file that
gets a line for each, SLOW_RUNNER_FAILS a word in the queries that it cannot answer. Each runner
waits at its first query until SLOW_RUNNER_CREW of them have been asked one.
"""

import json
import os
import sys
import time
from pathlib import Path

HELLO = {
    "type": "hello",
    "protocol": 1,
    "name": "slow",
    "licence": "MIT",
    "capabilities": {"batch": 1, "clip": True},
    "engine": {"slow": "1"},
}


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def remember(line):
    file = os.open(os.environ["SLOW_RUNNER_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, (line + "\n").encode())
    os.close(file)


def wait_for_crew():
    log = Path(os.environ["SLOW_RUNNER_LOG"])
    log.with_name(f"{log.name}.{os.getpid()}.here").touch()
    while len([*log.parent.glob(f"{log.name}.*.here")]) < int(os.environ["SLOW_RUNNER_CREW"]):
        if os.getppid() == 1:
            sys.exit()
        time.sleep(0.02)


def answer(message):
    fails = os.environ.get("SLOW_RUNNER_FAILS")
    if fails and fails in message["query"]:
        say({"type": "error", "id": message["id"], "reason": "the query is too hard"})
    else:
        text = f"<answer>1.0 to {2 + len(message['query']) % 3}.0</answer>"
        say({"type": "reply", "id": message["id"], "text": text})


def main():
    say(HELLO)
    has_begun = False
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "request":
            if not has_begun:
                wait_for_crew()
                has_begun = True
            time.sleep(float(os.environ.get("SLOW_RUNNER_S", "0")))
            answer(message)
            remember(message["query"])
        if message["type"] == "bye":
            return


if __name__ == "__main__":
    main()
