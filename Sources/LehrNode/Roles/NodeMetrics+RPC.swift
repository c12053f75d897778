import LehrHTTP2
import LehrRPC
import LehrWeb
import LehrWire
import Metrics

// What the RPC layer counts. Prometheus' own conventions: base units, `_total` for what only rises.
extension NodeMetrics {
    func describeRPC() {
        let descriptions = [
            ("answered_started_total", "Calls that have come in."),
            ("answered_total", "Calls answered, by status."),
            ("answered_in_flight", "Calls being answered now."),
            ("made_started_total", "Calls that were begun."),
            ("made_total", "Calls made that have ended, by status."),
            ("made_in_flight", "Calls being made now."),
            ("received_messages_total", "Messages received, in calls answered and in calls made."),
            ("sent_messages_total", "Messages sent, in calls answered and in calls made."),
            ("received_bytes_total", "Bytes received on gRPC connections."),
            ("sent_bytes_total", "Bytes sent on gRPC connections."),
            ("connections", "gRPC connections open now."),
            ("connections_opened_total", "gRPC connections opened, by who has opened them."),
            ("connections_closed_total", "gRPC connections ended, by what has ended them."),
            ("connections_failed_total", "Attempts to connect that no server has greeted."),
            ("waiting_calls", "Calls that wait for a connection now."),
            ("replays_total", "Calls that servers have turned away unprocessed, by what followed."),
            ("repeats_total", "Further attempts of idempotent calls, after one or beside it."),
            ("repeats_withheld_total", "Such attempts that were not made, by what forbade them."),
            ("hedges_won_total", "Attempts beside another whose answer counted."),
            ("name_lookups_total", "Look-ups of the names of channels, by how they ended."),
            ("handshakes_total", "TLS handshakes, by how they ended."),
            ("received_frames_total", "Frames of HTTP/2 received that are not of a call."),
            ("sent_frames_total", "Frames of HTTP/2 sent that are not of a call."),
            ("held_bytes", "Bytes that calls to this server hold now."),
            ("limit_hits_total", "Times that a bound of the RPC layer was reached, by bound."),
        ]
        for (name, text) in descriptions { registry.describe("lehr_rpc_" + name, text) }
    }

    func follow(_ transport: HTTP2Transport) {
        let core = ("core", "\(transport.core.index)")
        var totals = RPCTotals(registry, core)
        every(on: transport.core) { [weak transport] in
            guard let transport else { return false }
            totals.advance(to: transport.counters)
            return true
        }
    }
}

/// The series of one core's transport.
private struct RPCTotals {
    private let core: (String, String)
    private let registry: PrometheusRegistry
    private var counters: [String: Deltas] = [:]
    private let gauges: [String: Meter]

    init(_ registry: PrometheusRegistry, _ core: (String, String)) {
        self.registry = registry
        self.core = core
        let names = [
            "answered_in_flight", "made_in_flight", "connections", "held_bytes", "waiting_calls",
        ]
        gauges = Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, Meter(label: "lehr_rpc_" + $0, dimensions: [core], factory: registry))
            })
    }

    mutating func advance(to now: HTTP2Counters) {
        advance(calls: "answered", now.answered)
        advance(calls: "made", now.made)
        count("received_bytes_total", now.bytesIn)
        count("sent_bytes_total", now.bytesOut)
        count("connections_opened_total", now.connectionsAccepted, ("by", "peer"))
        count("connections_opened_total", now.connectionsMade, ("by", "us"))
        for end in ConnectionEnd.allCases {
            count("connections_closed_total", now[end], ("by", end.name))
        }
        for limit in RPCLimit.allCases {
            count("limit_hits_total", now[limit], ("limit", limit.name))
        }
        advance(client: now)
        count("handshakes_total", now.handshakesDone, ("outcome", "done"))
        count("handshakes_total", now.handshakesFailed, ("outcome", "failed"))
        count("handshakes_total", now.handshakesTimedOut, ("outcome", "timed_out"))
        advance(frames: "received_frames_total", now.framesIn)
        advance(frames: "sent_frames_total", now.framesOut)
        gauges["connections"]?.set(now.connectionsOpen)
        gauges["held_bytes"]?.set(now.heldBytes)
    }

    private mutating func advance(calls name: String, _ calls: HTTP2Counters.Calls) {
        count(name + "_started_total", calls.started)
        for code in StatusCode.allCases {
            count(name + "_total", calls[code], ("code", code.name))
        }
        count("received_messages_total", calls.messagesIn, ("calls", name))
        count("sent_messages_total", calls.messagesOut, ("calls", name))
        gauges[name + "_in_flight"]?.set(calls.inFlight)
    }

    private mutating func advance(client now: HTTP2Counters) {
        count("connections_failed_total", now.connectionsFailed)
        count("replays_total", now.callsReplayed, ("outcome", "sent_anew"))
        count("replays_total", now.callsNotReplayed, ("outcome", "ended"))
        count("repeats_total", now.repeats.retries, ("type", "retry"))
        count("repeats_total", now.repeats.hedges, ("type", "hedge"))
        count("repeats_withheld_total", now.repeats.throttled, ("by", "throttle"))
        count("repeats_withheld_total", now.repeats.pushedBack, ("by", "server"))
        count("repeats_withheld_total", now.repeats.notKept, ("by", "kept_bytes"))
        count("hedges_won_total", now.repeats.hedgesWon)
        count("name_lookups_total", now.lookUpsFailed, ("outcome", "failed"))
        count("name_lookups_total", now.lookUpsDone, ("outcome", "done"))
        gauges["waiting_calls"]?.set(now.callsWaiting)
    }

    private mutating func advance(frames name: String, _ frames: HTTP2Counters.Frames) {
        count(name, frames.resets, ("type", "rst_stream"))
        count(name, frames.goAways, ("type", "goaway"))
        count(name, frames.pings, ("type", "ping"))
    }

    private mutating func count(
        _ name: String, _ total: UInt64, _ label: (String, String)? = nil
    ) {
        let labels = [core] + (label.map { [$0] } ?? [])
        counters[name, default: Deltas("lehr_rpc_" + name, registry)].advance(to: total, labels)
    }
}
