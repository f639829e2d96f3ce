"""The proxy passes on what it is given, and cuts where it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from tests.chaos.proxy import HOST, Proxy
from tests.kafka.cluster import free_ports

MESSAGE = bytes(range(256)) * 400


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that gives back what it gets."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=give_back, args=(server.accept()[0],)).start()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def give_back(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        while data := connection.recv(65_536):
            connection.sendall(data)


def sent_and_got_back(client: socket.socket) -> bytes:
    sender = threading.Thread(target=send, args=(client,))
    sender.start()
    got = b""
    with suppress(ConnectionResetError):
        while len(got) < len(MESSAGE) and (data := client.recv(65_536)):
            got += data
    sender.join()
    return got


def send(client: socket.socket) -> None:
    with suppress(OSError):
        client.sendall(MESSAGE)


def test_what_is_sent_comes_back_as_it_was(echo: int) -> None:
    [port] = free_ports(1)
    with Proxy({port: echo}), socket.create_connection((HOST, port)) as client:
        assert sent_and_got_back(client) == MESSAGE


def test_a_connection_is_cut_in_the_middle_of_a_message(echo: int) -> None:
    [port] = free_ports(1)
    with Proxy({port: echo}) as proxy, socket.create_connection((HOST, port)) as client:
        assert sent_and_got_back(client) == MESSAGE
        proxy.cut(port, 1.0, len(MESSAGE) // 2, Random(1))
        assert len(sent_and_got_back(client)) < len(MESSAGE)
        assert proxy.cut_connections == 1


def test_who_comes_after_a_cut_is_served(echo: int) -> None:
    [port] = free_ports(1)
    with Proxy({port: echo}) as proxy:
        with socket.create_connection((HOST, port)) as client:
            proxy.cut(port, 1.0, 0, Random(1))
            sent_and_got_back(client)
        with socket.create_connection((HOST, port)) as client:
            assert sent_and_got_back(client) == MESSAGE


def test_a_port_behind_which_nobody_listens_closes_the_connection() -> None:
    port, nobody = free_ports(2)
    with Proxy({port: nobody}), socket.create_connection((HOST, port)) as client:
        assert sent_and_got_back(client) == b""
