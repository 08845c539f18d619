"""A server that loses requests on purpose, each in one way, and what the accounting client must find.

Used by `run`: a client that misses a loss would make every restart look good.
"""

import contextlib
import dataclasses
import re
import socket
import struct
import threading
import time

NUMBER = re.compile(rb"n=(\d+)")
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a RST


def answer(number, status=b"200 OK", close=False):
    more = b"Connection: close\r\n" if close else b""
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, more, len(number), number)


# Each behaviour gets (connection, number of the request, how many came before on this connection), and
# returns whether the connection stays open.


def well(sock, number, _):
    sock.sendall(answer(number))
    return True


def announces_its_close(sock, number, _):
    sock.sendall(answer(number, close=True))
    return False


def closes_silently(sock, number, _):
    """Closes after each answer, with the FIN in the answer's segment, and does not announce it."""
    sock.send(answer(number), socket.MSG_MORE)
    return False


def closes_unanswered(_sock, _number, _before):
    return False


def resets_unanswered(sock, _number, _before):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return False


def closes_on_the_second(sock, number, before):
    return before == 0 and well(sock, number, before)


def resets_on_the_second(sock, number, before):
    return well(sock, number, before) if before == 0 else resets_unanswered(sock, number, before)


def never_answers(_sock, _number, _before):
    time.sleep(1)
    return False


def cuts_off(sock, number, _):
    sock.sendall(answer(number)[:-3])
    return False


def mixes_up(sock, number, _):
    sock.sendall(answer(b"0" * len(number)))
    return True


def says_503(sock, number, _):
    sock.sendall(answer(number, status=b"503 Service Unavailable"))
    return True


def is_not_http(sock, _number, _before):
    sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    return True


@dataclasses.dataclass
class Case:
    """What each kind of client must find; kinds that are not listed must find `ok` alone."""

    behaviour: object
    found: dict
    how: str = ""  # the detail of what was not ok, if it must be a certain one


EVERYBODY = ("keep-alive", "blind", "one-shot", "delayed")
LOOKING = ("keep-alive", "delayed")
CASES = [
    Case(well, {}),
    Case(announces_its_close, {}),
    Case(closes_silently, {"blind": "lost-blind"}),
    Case(closes_unanswered, dict.fromkeys(EVERYBODY, "lost-fresh"), "FIN"),
    Case(resets_unanswered, dict.fromkeys(EVERYBODY, "lost-fresh"), "ECONNRESET"),
    Case(closes_on_the_second, dict.fromkeys(LOOKING, "lost-reused") | {"blind": "lost-blind"}, "FIN"),
    Case(resets_on_the_second, dict.fromkeys(LOOKING, "lost-reused") | {"blind": "lost-blind"}, "ECONNRESET"),
    Case(never_answers, dict.fromkeys(EVERYBODY, "timeout"), "waiting for an answer"),
    Case(cuts_off, dict.fromkeys(EVERYBODY, "bad"), "cut off: FIN"),
    Case(mixes_up, dict.fromkeys(EVERYBODY, "bad"), "answer of another request"),
    Case(is_not_http, dict.fromkeys(EVERYBODY, "bad"), "not HTTP"),
    Case(says_503, dict.fromkeys(EVERYBODY, "non-2xx"), "503"),
]


def serve(sock, behaviour):
    """One connection; a request of these clients arrives in one piece."""
    with sock, contextlib.suppress(OSError):
        before = 0
        while request := sock.recv(65536):
            if not behaviour(sock, NUMBER.search(request)[1], before) or b"Connection: close" in request:
                return
            before += 1


@contextlib.contextmanager
def server(behaviour):
    """Runs it on a free port, which it yields."""

    def accept():
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=serve, args=(sock, behaviour), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
