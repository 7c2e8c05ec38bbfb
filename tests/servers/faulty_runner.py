"""A runner with a fault: `python faulty_runner.py FAULT [FOLDER]`. FOLDER remembers restarts.

Written on the bare protocol, since what runners/protocol.py makes impossible has to be tried too.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FAULT = sys.argv[1]
FOLDER = Path(sys.argv[2]) if len(sys.argv) > 2 else Path()
HELLO = {
    "type": "hello",
    "protocol": 1,
    "name": "faulty",
    "licence": "MIT",
    "capabilities": {"batch": 4 if FAULT.startswith("batch") else 1, "clip": FAULT != "no_clip"},
    "engine": {"faulty": "1"},
}


def say(message):
    write(json.dumps(message) + "\n")


def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def count(name):
    """Return how often this was asked before, over all restarts."""
    path = FOLDER / name
    n_before = len(path.read_text()) if path.exists() else 0
    path.write_text("x" * (n_before + 1))
    return n_before


def reply(message, **fields):
    say({"type": "reply", "id": message["id"], "text": f"to {message['query']}", **fields})


def die(code=3):
    sys.stderr.write("Traceback of the model\nCUDA error: device-side assert\n")
    sys.stderr.flush()
    os._exit(code)


def garbage():
    sys.stdout.buffer.write(b"\xff\xfe not text\n" + b"progress 1%\rprogress 2%\r\n[1, 2\n")
    write('{"loss": 0.1}\n5\nnull\n"text"\n{"type": 7}\n')


def flood_stderr(message):
    # More than a pipe holds; the pause is for whoever looks at how much there is.
    sys.stderr.write("epoch 1 of many\n" * 500_000)
    sys.stderr.write("the last words\n")
    sys.stderr.flush()
    time.sleep(0.5)
    if "bad" in message["query"]:
        os._exit(3)
    reply(message)


def flood_stdout_at_bad(message):
    while "bad" in message["query"]:
        write("progress\n" * 10_000)
    reply(message)


def say_bytes(text):
    """Answer with these bytes as the text, whatever encoding they are in."""

    def answer(message):
        head = json.dumps({"type": "reply", "id": message["id"]}).encode()[:-1]
        sys.stdout.buffer.write(head + b', "text": "' + text + b'"}\n')
        sys.stdout.buffer.flush()

    return answer


def leave_a_child():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    (FOLDER / "child").write_text(str(child.pid))


BEFORE_HELLO = {
    "silent": lambda: time.sleep(60),
    "dies_at_once": die,
    "dies_at_restart": lambda: count("starts") and die(9),
    "garbage": garbage,
    "gives_up": lambda: say({"type": "error", "id": None, "reason": "got no torch,\n expected it"}),
    "later_protocol": lambda: HELLO.update(protocol=2),
    "wrong_hello": lambda: HELLO.update(capabilities={"batch": "many"}),
    "no_engine": lambda: HELLO.pop("engine"),
    "new_name_each_time": lambda: HELLO.update(name=f"faulty {count('starts')}"),
    "leaves_a_child": leave_a_child,
    "ignores_the_end": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
}


def die_at_bad(message):
    if "bad" in message["query"]:
        die()
    reply(message)


def die_once(message):
    if count(message["query"]) == 0:
        die()
    reply(message)


def killed_once(message):
    if count(message["query"]) == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    reply(message)


def hang_at_bad(message):
    if "bad" in message["query"]:
        time.sleep(60)
    reply(message)


def close_output_once(message):
    if count(message["query"]) == 0:
        os.close(1)
        time.sleep(60)
    reply(message)


def huge_line_at_bad(message):
    if "bad" in message["query"]:
        write("x" * (17 * 1024 * 1024))
        time.sleep(60)
    reply(message)


def twice(message):
    reply(message)
    reply(message)


def answer_nobody(message):
    say({"type": "reply", "id": "no such", "text": "lost"})
    reply(message)


def chat(message):
    write("thinking\rstill thinking\n")
    reply(message)


def answer_backwards_and_twice(message):
    WAITING.append(message)
    if not message["n_more"]:
        for one in [*reversed(WAITING), *WAITING]:
            reply(one)
        WAITING.clear()


def send_fields(**fields):
    """Answer with these fields and no others."""
    return lambda message: say({"type": "reply", "id": message["id"], **fields})


WAITING = []


def answer_backwards(message):
    WAITING.append(message)
    if not message["n_more"]:
        for one in reversed(WAITING):
            reply(one)
        WAITING.clear()


ANSWERS = {
    "dies": lambda message: die(),
    "dies_at_restart": lambda message: die(),
    "new_name_each_time": lambda message: die(),
    "dies_at_bad": die_at_bad,
    "batch_dies_at_bad": die_at_bad,
    "dies_once": die_once,
    "killed": killed_once,
    "hangs": hang_at_bad,
    "closes_output": close_output_once,
    "huge_line": huge_line_at_bad,
    "huge_reply": send_fields(text="y" * 2_000_000),
    "twice": twice,
    "unknown_id": answer_nobody,
    "chatty": chat,
    "wrong_types": send_fields(text=5),
    "empty_reply": send_fields(seconds=1.0),
    "not_a_number": send_fields(relevant=True, spans=[[0, float("nan")]]),
    "spans": send_fields(
        relevant=False, spans=[[9.0, 2.0], [3, 4]], relevance_score=0.25, not_yet_known=1
    ),
    "error": lambda message: say({"type": "error", "id": message["id"], "reason": "two\nlines"}),
    "gives_up_later": lambda message: say({"type": "error", "id": None, "reason": "no disk"}),
    "echo": lambda message: reply(message, text=json.dumps(message)),
    "batch_backwards": answer_backwards,
    "batch_backwards_twice": answer_backwards_and_twice,
    "floods_stderr": flood_stderr,
    "floods_stdout": flood_stdout_at_bad,
    "not_utf8": say_bytes(b"caf\xe9"),
    "without_id": lambda message: say({"type": "reply", "text": "lost"}),
    "number_as_id": lambda message: say({"type": "reply", "id": int(message["id"]), "text": "x"}),
}


def main():
    BEFORE_HELLO.get(FAULT, lambda: None)()
    say(HELLO)
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "request":
            ANSWERS.get(FAULT, reply)(message)
        if message["type"] == "bye" and FAULT != "ignores_the_end":
            return
    if FAULT == "ignores_the_end":
        time.sleep(60)


if __name__ == "__main__":
    main()
