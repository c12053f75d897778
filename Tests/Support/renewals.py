"""The stream by which a process renews its leases, as `Protos/lehr/v1/coordinator.proto` says it."""

import queue

import grpc


class Renewals:
    """One request at a time, each answered before the next is sent."""

    def __init__(self, coordinator, messages, seconds=60):
        self.messages = messages
        self.requests = queue.SimpleQueue()
        self.sequence = 0
        self.answers = coordinator.KeepAlive(iter(self.requests.get, None), timeout=seconds)

    def send(self, *incarnations):
        self.sequence += 1
        self.requests.put(
            self.messages.KeepAliveRequest(incarnations=incarnations, sequence=self.sequence)
        )
        answer = next(self.answers)
        assert answer.sequence == self.sequence
        return answer

    def ended(self, *incarnations):
        """Renews leases, and returns those that have ended."""
        return list(self.send(*incarnations).ended)

    def close(self):
        self.requests.put(None)
        assert list(self.answers) == []
        assert self.answers.code() == grpc.StatusCode.OK
