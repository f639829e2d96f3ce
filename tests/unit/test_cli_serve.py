"""`unhaunt serve` says what is wrong with what it is given before it answers anybody."""

import socket
from pathlib import Path

import pytest

from tests.command_line import run, run_process, start_process
from tests.kafka.cluster import free_ports
from tests.served import Served
from tests.waiting import wait_until


def test_the_demo_is_not_kept_in_a_folder(tmp_path: Path) -> None:
    result = run("serve", "--demo", "--folder", tmp_path)
    assert result.exit_code == 2
    assert result.stderr == "--demo keeps its lists in memory: leave --folder out.\n"


def test_a_file_of_candidates_that_is_missing_is_told(tmp_path: Path) -> None:
    result = run("serve", "--demo", "--candidates", tmp_path / "shop.json")
    assert (result.exit_code, result.stderr) == (
        2,
        f"{tmp_path}/shop.json: No such file or directory\n",
    )


def test_candidates_that_break_the_contract_are_told_with_their_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text('[{"product_id": "mug", "price": "9"}]')
    result = run("serve", "--demo", "--candidates", path)
    expected = "candidates[0].price: expected a number, got a string"
    assert (result.exit_code, result.stderr) == (2, f"{path}: {expected}\n")


def test_candidates_that_are_no_json_are_told_with_their_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text("[")
    result = run("serve", "--demo", "--candidates", path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}: expected a JSON array of candidates: ")


@pytest.mark.parametrize("place", ["", "user.name", "device.id"])
def test_a_place_where_no_bid_request_names_a_person_is_a_mistake(place: str) -> None:
    result = run("serve", "--demo", "--person", place)
    assert result.exit_code == 2
    assert "user.id, user.buyeruid, device.ifa" in result.stderr


def test_a_port_that_is_taken_is_told_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read_nevertheless() -> None:
        raise AssertionError

    monkeypatch.setattr("streams.commands.serve._recorded", read_nevertheless)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--demo", "--port", port)
    assert result.exit_code == 2
    assert result.stderr == (
        f"--host 127.0.0.1 --port {port}: cannot listen there: Address already in use. Choose "
        "another --port, or end what has this one.\n"
    )


@pytest.mark.parametrize("processes", [1, 2])
def test_workers_tell_of_a_port_that_is_taken_before_they_ask_the_brokers(processes: int) -> None:
    [nobody] = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = {"UNHAUNT_HTTP_HOST": "127.0.0.1", "UNHAUNT_HTTP_PORT": str(port)}
        settings["UNHAUNT_BROKERS"] = f"127.0.0.1:{nobody}"
        result = run_process("worker", "--processes", processes, **settings)
    assert result.returncode == 2
    assert "cannot listen there: Address already in use. Each worker" in result.stderr


def test_other_machines_are_not_listened_to_without_tokens_and_tls() -> None:
    result = run("serve", "--demo", "--host", "0.0.0.0")
    assert result.exit_code == 2
    assert result.stderr == (
        "--host 0.0.0.0: others than this machine may ask there, so it needs a token "
        "(UNHAUNT_SERVE_TOKEN_FILE) and TLS (UNHAUNT_SERVE_CERTIFICATE_FILE, "
        "UNHAUNT_SERVE_KEY_FILE); or --insecure, where the network keeps everybody away who should "
        "not read anybody's list.\n"
    )


def test_where_it_is_told_to_be_insecure_the_log_says_so_and_tokens_are_looked_at_as_it_runs(
    tmp_path: Path,
) -> None:
    tokens, path, token = tmp_path / "tokens", "/v1/persons/person-0049", "a-token-of-our-ad-server"
    tokens.write_text("another-token-of-ours")
    [port] = free_ports(1)
    options = ["--demo", "--host", "0.0.0.0", "--port", port, "--insecure"]
    with start_process("serve", *options, UNHAUNT_SERVE_TOKEN_FILE=str(tokens)) as process:
        service = Served(f"http://127.0.0.1:{port}")
        try:
            wait_until(lambda: service.is_ready, "an answer")
            assert service.get(path, Authorization=f"Bearer {token}").status == 401
            tokens.write_text(token)
            wait_until(
                lambda: service.get(path, Authorization=f"Bearer {token}").status == 200,
                "the new token known",
            )
        finally:
            process.terminate()
        log = process.stderr.read() if process.stderr else ""
    said = "WARNING streams.commands.serve: --insecure: whoever reaches 0.0.0.0 can read anybody's "
    assert f"{said}list, without TLS (UNHAUNT_SERVE_CERTIFICATE_FILE" in log
