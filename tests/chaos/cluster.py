"""Three brokers whose clients can be sent through a proxy."""

from pathlib import Path

from tests.chaos.proxy import HOST, Proxy
from tests.kafka.cluster import KafkaCluster, free_ports


class ProxiedCluster(KafkaCluster):
    """A cluster with a second way in: who comes through the proxy is told to stay there."""

    def __init__(self, folder: Path, brokers: int = 3) -> None:
        super().__init__(folder, brokers)
        ports = iter(free_ports(2 * brokers))
        self._behind = {number: next(ports) for number in self._numbers}
        self.proxy_ports = {number: next(ports) for number in self._numbers}
        """Where the proxy listens for each broker."""

    @property
    def proxied_address(self) -> str:
        """Where clients find the brokers through the proxy."""
        return ",".join(f"{HOST}:{port}" for port in self.proxy_ports.values())

    def proxy(self) -> Proxy:
        """The proxy, to be entered."""
        return Proxy({self.proxy_ports[number]: self._behind[number] for number in self._numbers})

    def launch(self, number: int) -> None:
        """Bring a broker back without waiting until it takes part."""
        self._launch(number)

    def _properties(self, number: int) -> dict[str, str]:
        properties = super()._properties(number)
        protocols = "listener.security.protocol.map"
        direct = f"PLAINTEXT://{HOST}:{self._ports[number]}"
        return {
            **properties,
            "listeners": f"{properties['listeners']},PROXIED://{HOST}:{self._behind[number]}",
            "advertised.listeners": f"{direct},PROXIED://{HOST}:{self.proxy_ports[number]}",
            protocols: f"{properties[protocols]},PROXIED:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }
